"""Judge of images with classes: the extractor `referee`, trained on the run's real data."""

from __future__ import annotations

from collections.abc import Sequence

import torch

import ganzoo
from ganzoo.config import instantiate
from ganzoo.data.sources import cache_root
from ganzoo.interfaces import Dataset
from ganzoo.metrics.reference import Part, Reference
from ganzoo.registry import discovery
from ganzoo_builtins.extractors.classifier import ARCHITECTURES, Architecture
from ganzoo_builtins.extractors.referee import Referee

SAMPLES, LARGEST, HELD_OUT = 2000, 30_000, 5000


def judge(run: ganzoo.Run) -> str:
    """Report agreement with the requested classes, or the shares of the classes, over 2,000 samples of seed 0."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    referee = trained(instantiate.dataset(run.recipe(plugins.zoo)))
    x = model.sample(SAMPLES, seed=0)
    logits = referee.logits(x)
    read = referee.classes(referee.features(x), logits)  # (N,), -1 for none
    protocol = f"{SAMPLES:,} samples; both classifiers {100 * referee.accuracy:.1f} % on real ones"
    if model.procedure.conditional:
        right = (read == torch.arange(SAMPLES) % model.spec.classes).float().mean()
        return f"{100 * right:.1f} % read as asked ({protocol})"
    shares = 100 * read[read >= 0].bincount(minlength=model.spec.classes) / SAMPLES
    present = int((shares >= 2).sum())
    confidence = logits.softmax(1).max(1).values.mean()
    return (
        f"{present} of {len(shares)} classes, {shares.min():.0f} to {shares.max():.0f} % each, "
        f"{100 * (read < 0).float().mean():.0f} % read as none, confidence {confidence:.2f} ({protocol})"
    )


def trained(
    dataset: Dataset, classes: int = 0, networks: Sequence[Architecture] = ARCHITECTURES, seed: int = 0
) -> Referee:
    """Return a referee trained on nine tenths of the data, at most 30,000, and tested on the rest, at most 5,000.

    Args:
        dataset: The data.
        classes: Number of classes, of which the others are left out; 0 for all.
        networks: Architectures of its classifiers.
        seed: Seed of its weights.
    """
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))
    if classes:
        whole = dataset.tensors()
        assert whole is not None, "the dataset does not fit in memory"
        order = order[whole["y"][order] < classes]
    tenth = len(order) // 10
    test, training = order[: min(tenth, HELD_OUT)].tolist(), order[tenth:][:LARGEST].tolist()
    parts = Part(dataset, tuple(training), "nine tenths"), Part(dataset, tuple(test), "the last tenth")
    referee = Referee(least=0, networks=networks, seed=seed)
    referee.prepare(Reference(*parts, cache_root() / "judges"))
    return referee
