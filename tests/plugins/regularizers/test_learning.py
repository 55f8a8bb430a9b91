"""Small games that are won with a regularizer of weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ganzoo import Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.engine import Engine
from ganzoo_builtins.procedures.adversarial import Adversarial
from helpers.judging import ring_modes
from helpers.support import PLUGINS, accelerator


def part(kind: str, use: str, **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, use), settings)


@pytest.mark.slow
def test_spectral_norm_finds_the_ring() -> None:
    """Fully connected players and the hinge loss on eight Gaussians."""
    torch.manual_seed(0)
    generator = part("generator", "mlp", z_dim=8, hidden=[64, 64], norm="none")
    discriminator = part("discriminator", "mlp", hidden=[64, 64])
    regularizers = [part("regularizer", "spectral_norm")]
    procedure = Adversarial(Spec((2,)), generator, discriminator, part("loss", "hinge"), regularizers)
    engine = Engine(procedure, lambda player, owned: torch.optim.Adam(owned, 3e-3, (0.0, 0.9)), accelerator())
    points = PLUGINS.zoo.find("dataset", "ring").load()(n=5000).tensors()["x"]
    batches = ({"x": points[torch.randint(5000, (128,))]} for _ in iter(int, 1))
    for t in range(1200):
        engine.step(batches, t)
    modes, quality = ring_modes(procedure.sample(2500))
    assert modes >= 6 and quality >= 0.25
