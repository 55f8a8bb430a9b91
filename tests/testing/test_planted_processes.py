"""Test that a procedure with different weights in two processes is found in an installed plugin."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ganzoo import testing
from ganzoo.registry import discovery
from helpers import packages

pytestmark = pytest.mark.slow
PARTING = '''
import torch
import ganzoo


class Parting(ganzoo.Procedure):
    """Changes weights by the noise of one process."""

    def __init__(self, spec: ganzoo.Spec, generator: ganzoo.Blueprint):
        super().__init__()
        self.G = generator(spec)

    def players(self):
        return {"generator": [self.G]}

    def step(self, data, t):
        x = next(data)["x"]
        yield {"generator": {"loss": (self.G(self.G.prior(len(x))) - x).square().mean()}}
        with torch.no_grad():
            for p in self.G.parameters():
                p += 1e-3 * torch.randn_like(p)

    def sample(self, n, y=None):
        return self.G(self.G.prior(n))


class Together(Parting):
    """Adds no noise."""

    def step(self, data, t):
        yield next(super().step(data, t))


@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("procedure", "parting", Parting, summary="Gets different weights")
    zoo.add("procedure", "together", Together, summary="Keeps equal weights")
'''


def test_procedures_with_different_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages.install(tmp_path, "ganzoo-parting", PARTING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    plugins = discovery.load()
    named = [check for check in testing.checks("ganzoo-parting", plugins=plugins) if "two processes" in str(check)]
    (check,) = named
    with pytest.raises(testing.BrokenPromiseError) as caught:
        check()
    assert "two processes have different weights of parting/parting. Decide by self.over_processes(value)" in str(
        caught.value
    )
