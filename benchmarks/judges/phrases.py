"""Judge of lines of text: the share that is in the data, and the share that is new and unique."""

from __future__ import annotations

import ganzoo
from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.sampling import tokens

SAMPLES = 1000


def judge(run: ganzoo.Run) -> str:
    """Report both shares over 1,000 samples of seed 0."""
    plugins = discovery.load()
    dataset = instantiate.dataset(run.recipe(plugins.zoo))
    model = ganzoo.load(run, plugins)
    whole = dataset.tensors()
    assert whole is not None
    known = set(tokens.lines(whole["x"], dataset.words))
    samples = model.text(model.sample(SAMPLES, seed=0))
    copies = sum(line in known for line in samples)
    new = len(set(samples) - known)
    return (
        f"{100 * copies / SAMPLES:.0f} % are lines of the data, {100 * new / SAMPLES:.0f} % new ({SAMPLES:,} samples)"
    )
