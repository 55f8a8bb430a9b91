"""A model with a third-party generator is exported, and sampled where only the wheel and the plugin are installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ganzoo.registry import discovery
from ganzoo.sharing import export
from helpers.packages import install
from helpers.support import tiny, train

pytestmark = pytest.mark.slow

MODULE = '''\
import ganzoo
import torch
from torch import nn


class Wave(ganzoo.Generator):
    """Points along a wave: (N, z_dim) -> (N, 2)."""

    def __init__(self, spec: ganzoo.Spec, z_dim: int = 3):
        super().__init__()
        self.z_dim = z_dim
        self.layer = nn.Linear(z_dim, spec.size)

    def forward(self, source, y=None):
        return self.layer(source).sin()


@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("generator", "wave", Wave)
'''
DRAW = """
import sys, ganzoo
sys.stdout.write(ganzoo.load("waves").sample(5, seed=3).numpy().tobytes().hex())
"""


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """An export, and what the run itself draws from seed 3."""
    home = tmp_path_factory.mktemp("waves")
    install(home, "ganzoo-waves", MODULE, version="0.2", module="ganzoo_waves_round_trip")
    sys.path.insert(0, str(home))
    try:
        plugins = discovery.load()
        run = train(tiny('[generator]\nuse = "wave"', "run.steps=3", plugins=plugins), home / "runs", plugins=plugins)
        return export.export(run.folder, home / "waves", plugins=plugins).folder, run.sample(5, seed=3).numpy()
    finally:
        sys.path.remove(str(home))


def test_the_same_seed_draws_the_same_pixels_elsewhere(environment: Callable, waves: tuple[Path, np.ndarray]) -> None:
    place, wanted = waves
    assert json.loads((place / "config.json").read_text())["plugins"] == {"ganzoo-waves": "0.2"}
    here = environment()
    (here.home / "waves").mkdir()
    for path in place.iterdir():
        (here.home / "waves" / path.name).write_bytes(path.read_bytes())

    without = here("ganzoo", "sample", "waves")
    assert without.returncode == 6 and without.stdout == ""
    told = " ".join(without.stderr.split())
    assert "needs the plugin ganzoo-waves 0.2, which is not installed. To get it: pip install ganzoo-waves" in told
    assert "Traceback" not in without.stderr

    install(here.site, "ganzoo-waves", MODULE, version="0.2", module="ganzoo_waves_round_trip")
    drawn = here("python", "-c", DRAW)
    assert drawn.returncode == 0, drawn.stderr
    assert drawn.stdout == wanted.tobytes().hex()
    sampled = here("ganzoo", "sample", "waves", "-n", "5", "--seed", "3", "--out", "a.npz")
    assert sampled.returncode == 0, sampled.stderr
    with np.load(here.home / "a.npz") as file:
        assert (file["images"] == wanted).all()
