"""Images in the eyes of a classifier that has seen real ones only, trained on the run's own data."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

import ganzoo
import referee
from ganzoo import build, discovery
from ganzoo.interfaces import Dataset

SAMPLES, LARGEST = 2000, 30_000


def judge(run: ganzoo.Run) -> str:
    """Agreement with the classes asked for, or how evenly classes are drawn, over 2,000 samples of seed 0."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    net, accuracy = classifier(build.dataset(run.recipe(plugins.zoo)))
    samples = model.sample(SAMPLES, seed=0)
    with torch.no_grad():
        logits = torch.cat([net(part) for part in samples.split(500)])
    read, protocol = logits.argmax(1), f"{SAMPLES:,} samples; classifier {100 * accuracy:.1f} % on real ones"
    if model.procedure.conditional:
        right = (read == torch.arange(SAMPLES) % model.spec.classes).float().mean()
        return f"{100 * right:.1f} % read as asked ({protocol})"
    shares = 100 * read.bincount(minlength=model.spec.classes) / SAMPLES
    seen, confidence = int((shares >= 2).sum()), logits.softmax(1).max(1).values.mean()
    return (
        f"{seen} of {len(shares)} classes, {shares.min():.0f} to {shares.max():.0f} % each, "
        f"confidence {confidence:.2f} ({protocol})"
    )


def classifier(dataset: Dataset) -> tuple[nn.Module, float]:
    """A trained classifier of this dataset and its accuracy on real images held out; kept for the next time."""
    kept = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ganzoo" / "judges"
    path = kept / f"{dataset.fingerprint()}.safetensors"
    net = referee.referee(dataset.spec, dataset.spec.classes).eval()
    whole = dataset.tensors()
    assert whole is not None, "the dataset does not fit in memory"
    order = torch.randperm(len(whole["y"]), generator=torch.Generator().manual_seed(0))
    held, used = order[: min(len(order) // 10, 5000)], order[-min(len(order) * 9 // 10, LARGEST) :]
    if path.exists():
        net.load_state_dict(load_file(path))
    else:
        torch.manual_seed(0)
        referee.train(net, whole["x"][used], whole["y"][used])
        kept.mkdir(parents=True, exist_ok=True)
        save_file(net.state_dict(), path)
    accuracy = (referee.read(net, whole["x"][held]) == whole["y"][held]).float().mean().item()
    return net, accuracy
