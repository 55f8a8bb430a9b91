"""Images in the eyes of a classifier that has seen real ones only, trained on the run's own data."""

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
    """Agreement with the classes asked for, or how evenly classes are drawn, over 2,000 samples of seed 0."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    referee = trained(instantiate.dataset(run.recipe(plugins.zoo)))
    logits = referee.logits(model.sample(SAMPLES, seed=0))
    read, protocol = logits.argmax(1), f"{SAMPLES:,} samples; classifier {100 * referee.accuracy:.1f} % on real ones"
    if model.procedure.conditional:
        right = (read == torch.arange(SAMPLES) % model.spec.classes).float().mean()
        return f"{100 * right:.1f} % read as asked ({protocol})"
    shares = 100 * read.bincount(minlength=model.spec.classes) / SAMPLES
    seen, confidence = int((shares >= 2).sum()), logits.softmax(1).max(1).values.mean()
    return (
        f"{seen} of {len(shares)} classes, {shares.min():.0f} to {shares.max():.0f} % each, "
        f"confidence {confidence:.2f} ({protocol})"
    )


def trained(dataset: Dataset) -> Referee:
    """Six epochs on nine tenths of this dataset, 30,000 at most, tested on the last tenth."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0)).tolist()
    held, used = order[: min(len(order) // 10, 5000)], order[-min(len(order) * 9 // 10, LARGEST) :]
    parts = Part(dataset, tuple(used), "nine tenths"), Part(dataset, tuple(held), "the last tenth")
    referee = Referee(steps=EPOCHS * max(1, len(used) // BATCH), least=0)
    referee.prepare(Reference(*parts, cache_root() / "judges"))
    return referee
