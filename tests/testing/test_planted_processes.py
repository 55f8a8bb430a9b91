"""A procedure that two processes train to other weights is found in a plugin that is installed."""

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
    """Decides by its own noise how far it moves."""

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
    zoo.add("procedure", "parting", Parting, summary="Parts")
    zoo.add("procedure", "together", Together, summary="Does not")
'''


def test_weights_that_part_are_named_and_others_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages.install(tmp_path, "ganzoo-parting", PARTING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    plugins = discovery.load()
    named = [check for check in testing.checks("ganzoo-parting", plugins=plugins) if "two processes" in str(check)]
    (check,) = named
    with pytest.raises(testing.BrokenPromiseError) as caught:
        check()
    assert "two processes have other weights of parting/parting. Decide by self.over_processes(value)" in str(
        caught.value
    )
