"""Recipes for points, trained for a part of their steps and scored by the usual measures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run
from ganzoo_builtins.datasets.toy import Gaussian1D
from helpers.judging import ring_modes, wasserstein_1d

pytestmark = pytest.mark.slow
PLUGINS = discovery.load()


def trained(recipe: str, out: Path, **run: Any) -> Run:
    return ganzoo.train(recipe, {f"run.{name}": value for name, value in run.items()}, out=out, plugins=PLUGINS)


def curve(run: Run, name: str) -> list[float]:
    return [row[name] for row in run.metrics() if name in row]


def test_wgan_finds_a_gaussian_and_its_estimate_falls(tmp_path: Path) -> None:
    """Weights are in the box of the recipe after the last move of the critic."""
    run = trained("wgan_gaussian_1d", tmp_path, steps=700)
    model = ganzoo.load(run, PLUGINS)
    real = Gaussian1D(n=2500).tensors()["x"]
    assert wasserstein_1d(model.sample(2500, seed=0), real) <= 0.3
    estimates = curve(run, "wasserstein_estimate")
    assert max(estimates[-10:]) <= max(estimates) / 2
    critic = [p for name, p in model.procedure.named_parameters() if name.startswith("D.")]
    assert max(p.abs().max().item() for p in critic) == pytest.approx(0.1, abs=1e-7)
    assert all((p.abs() <= torch.tensor(0.1)).all() for p in critic)


def test_wgan_gp_finds_every_mode(tmp_path: Path) -> None:
    run = trained("wgan_gp_ring", tmp_path, steps=500, batch_size=128)
    modes, quality = ring_modes(ganzoo.load(run, PLUGINS).sample(2500, seed=0))
    assert modes == 8
    assert quality >= 0.3


def test_loss_sensitive_finds_every_mode_with_less_loss_on_real_samples(tmp_path: Path) -> None:
    run = trained("loss_sensitive_ring", tmp_path, steps=1500)
    modes, quality = ring_modes(ganzoo.load(run, PLUGINS).sample(2500, seed=0))
    assert modes == 8
    assert quality >= 0.35
    gaps = [r - f for r, f in zip(curve(run, "real"), curve(run, "fake"), strict=True)]
    assert min(gaps[10:]) > 0  # L(x) = -D(x) is less on real samples, once the first third is over


def test_least_squares_finds_every_mode_and_nears_its_optimum(tmp_path: Path) -> None:
    """Where nothing tells real from fake, the discriminator's loss is 1/4 and the generator's 1/8."""
    run = trained("least_squares_ring", tmp_path, steps=1500)
    modes, quality = ring_modes(ganzoo.load(run, PLUGINS).sample(2500, seed=0))
    assert modes == 8
    assert quality >= 0.5
    assert curve(run, "discriminator/adversarial")[-1] == pytest.approx(0.25, abs=0.06)
    assert curve(run, "generator/adversarial")[-1] == pytest.approx(0.125, abs=0.08)
