"""Lines of text: how many are in the data, and how many are new and differ from each other."""

from __future__ import annotations

import ganzoo
from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.sampling import tokens

SAMPLES = 1000


def judge(run: ganzoo.Run) -> str:
    """Over 1,000 samples of seed 0."""
    plugins = discovery.load()
    dataset, model = instantiate.dataset(run.recipe(plugins.zoo)), ganzoo.load(run, plugins)
    whole = dataset.tensors()
    assert whole is not None
    known = set(tokens.lines(whole["x"], dataset.words))
    drawn = model.text(model.sample(SAMPLES, seed=0))
    found, new = sum(line in known for line in drawn), len(set(drawn) - known)
    return f"{100 * found / SAMPLES:.0f} % are lines of the data, {100 * new / SAMPLES:.0f} % new ({SAMPLES:,} samples)"
