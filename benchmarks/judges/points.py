"""Judge of points on a ring or grid: modes hit, and share within three standard deviations of one (as in VEEGAN)."""

from __future__ import annotations

import torch

import ganzoo
from ganzoo.config import instantiate
from ganzoo.registry import discovery

SAMPLES = 2500


def judge(run: ganzoo.Run) -> str:
    """Report modes and share over 2,500 samples of seed 0. A perfect sampler reaches 98.9 % of high quality."""
    plugins = discovery.load()
    dataset = instantiate.dataset(run.recipe(plugins.zoo))
    samples = ganzoo.load(run, plugins).sample(SAMPLES, seed=0)
    distance, nearest = torch.cdist(samples, dataset.centres).min(1)  # (N,), (N,)
    good = distance <= 3 * dataset.std
    modes = len(nearest[good].unique())
    return (
        f"{modes} of {len(dataset.centres)} modes, {100 * good.float().mean():.0f} % of high quality "
        f"({SAMPLES:,} samples)"
    )
