"""Judge of images with classes: a classifier trained on the run's real data."""

from __future__ import annotations

import torch

import ganzoo
from ganzoo.config import instantiate
from ganzoo.data.sources import cache_root
from ganzoo.interfaces import Dataset
from ganzoo.metrics.reference import Part, Reference
from ganzoo.registry import discovery
from ganzoo_builtins.extractors.classifier import BATCH
from ganzoo_builtins.extractors.referee import Referee

SAMPLES, LARGEST, EPOCHS = 2000, 30_000, 6


def judge(run: ganzoo.Run) -> str:
    """Report agreement with the requested classes, or the shares of the classes, over 2,000 samples of seed 0."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    referee = trained(instantiate.dataset(run.recipe(plugins.zoo)))
    logits = referee.logits(model.sample(SAMPLES, seed=0))
    predicted = logits.argmax(1)
    protocol = f"{SAMPLES:,} samples; classifier {100 * referee.accuracy:.1f} % on real ones"
    if model.procedure.conditional:
        right = (predicted == torch.arange(SAMPLES) % model.spec.classes).float().mean()
        return f"{100 * right:.1f} % read as asked ({protocol})"
    shares = 100 * predicted.bincount(minlength=model.spec.classes) / SAMPLES
    present = int((shares >= 2).sum())
    confidence = logits.softmax(1).max(1).values.mean()
    return (
        f"{present} of {len(shares)} classes, {shares.min():.0f} to {shares.max():.0f} % each, "
        f"confidence {confidence:.2f} ({protocol})"
    )


def trained(dataset: Dataset) -> Referee:
    """Return a classifier trained for six epochs on nine tenths of the data (at most 30,000), tested on the rest."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0)).tolist()
    test = order[: min(len(order) // 10, 5000)]
    training = order[-min(len(order) * 9 // 10, LARGEST) :]
    parts = Part(dataset, tuple(training), "nine tenths"), Part(dataset, tuple(test), "the last tenth")
    referee = Referee(steps=EPOCHS * max(1, len(training) // BATCH), least=0)
    referee.prepare(Reference(*parts, cache_root() / "judges"))
    return referee
