"""Judge of one-dimensional samples: the Wasserstein distance to the data."""

from __future__ import annotations

import ganzoo
from ganzoo.config import instantiate
from ganzoo.registry import discovery

SAMPLES = 5000


def judge(run: ganzoo.Run) -> str:
    """Report the distance between 5,000 samples of seed 0 and the first 5,000 examples of the data."""
    plugins = discovery.load()
    whole = instantiate.dataset(run.recipe(plugins.zoo)).tensors()
    assert whole is not None
    real = whole["x"][:SAMPLES].flatten().sort().values
    fake = ganzoo.load(run, plugins).sample(len(real), seed=0).flatten().sort().values
    distance, moments = (real - fake).abs().mean(), f"mean {fake.mean():.2f}, deviation {fake.std():.2f}"
    return f"W1 {distance:.3f} ({moments}; {len(real):,} samples)"
