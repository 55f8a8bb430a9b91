"""Samples that metrics and extractors are checked on: separable clusters, or a dataset of the same plugin."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from unittest import SkipTest

import torch
from torch import Tensor

from ganzoo.data.loader import normalised
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Evidence, Metric, Seen
from ganzoo.testing.check import BrokenPromiseError, skip
from ganzoo.testing.datasets import readable
from ganzoo.testing.subjects import Component

N = 90  # real samples, and as many held-out ones
STD = 0.05  # of a cluster, in every direction
NOISE = 0.02  # standard deviation of what is added to real samples to make nearly real ones


class Clusters(Dataset):
    """2 N samples around the centre of each class in turn, with as many held out. Images are uint8.

    Args:
        shape: Of a sample: images, points or numbers.
        modes: Number of clusters.
        labels: True when each cluster is a class.
        seed: Seed of the samples; the centres are the same for every seed.
    """

    in_memory = True

    def __init__(self, shape: Sequence[int], modes: int = 3, labels: bool = True, seed: int = 0):
        self.modes = modes
        self.labels = labels
        self.seed = seed
        self.std = STD
        self.spec = Spec(tuple(shape), classes=modes if labels else 0)
        self.class_names = tuple(f"cluster {y}" for y in range(self.spec.classes))
        centres = torch.rand(modes, self.spec.size, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
        self.centres = centres.sort(0).values if self.spec.size == 1 else centres  # (modes, size)

    def __len__(self) -> int:
        return 2 * N

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self._examples.items()}

    def tensors(self) -> Batch:
        """Return all examples."""
        return self._examples

    def held_out(self) -> Dataset:
        """Return other samples of the same clusters."""
        return Clusters(self.spec.shape, self.modes, self.labels, self.seed + 1)

    @cached_property
    def _examples(self) -> Batch:
        y = torch.arange(len(self)) % self.modes
        noise = torch.randn(len(self), self.spec.size, generator=torch.Generator().manual_seed(self.seed))
        x = (self.centres[y] + STD * noise).unflatten(1, self.spec.shape)  # (2 N, size) -> (2 N, *shape)
        x = ((x.clamp(-1, 1) + 1) * 127.5).byte() if self.spec.is_image else x
        return {"x": x, "y": y} if self.labels else {"x": x}


class NearestMean(Extractor):
    """An extractor whose features are the samples, and whose logits are distances to the mean of each class.

    Args:
        x: Real samples (N, *shape).
        y: Their labels (N,), or None.
        classes: Number of classes.
    """

    classifies = "data"

    def __init__(self, x: Tensor, y: Tensor | None, classes: int):
        flat = self.features(x)
        groups = [flat[y == label] for label in range(classes)] if y is not None else [flat]
        far = torch.full(flat.shape[1:], 1e3)  # the mean of a class that does not occur
        self.means = torch.stack([group.mean(0) if len(group) else far for group in groups])  # (classes, size)

    def features(self, x: Tensor) -> Tensor:
        """(N, *shape) -> (N, size)."""
        return x.flatten(1).float()

    def logits(self, x: Tensor) -> Tensor:
        """(N, *shape) -> (N, classes)."""
        return -10 * torch.cdist(self.features(x), self.means)


@dataclass(frozen=True)
class Case:
    """A dataset held in memory that a metric is checked on.

    Attributes:
        data: The dataset.
        conditional: True when the generated samples count as requested by class.
    """

    data: Dataset
    conditional: bool

    def evidence(self) -> Evidence:
        """Return half of the data as real, the other half as held out, and noisy copies of the first as generated."""
        tensors = self.data.tensors()
        assert tensors is not None, "cases are held in memory"
        batch = normalised({name: tensor[: 2 * N] for name, tensor in tensors.items()})
        x, y, half = batch["x"], batch.get("y"), len(batch["x"]) // 2
        extractor = NearestMean(x[:half], y[:half] if y is not None else None, self.data.spec.classes)
        real, held = (
            Seen(x[part], y[part] if y is not None else None, extractor)
            for part in (slice(half), slice(half, 2 * half))
        )
        fake = real.x + NOISE * torch.randn(real.x.shape, generator=torch.Generator().manual_seed(0))
        fake = fake.clamp(-1, 1) if self.data.spec.is_image else fake
        return Evidence(real, held, Seen(fake, real.y if self.conditional else None, extractor), self.data)


def cluster_cases() -> list[Case]:
    """Return images, points and numbers, with and without labels."""
    return [
        Case(Clusters((1, 8, 8)), True),
        Case(Clusters((1, 8, 8)), False),
        Case(Clusters((3, 8, 8), labels=False), False),
        Case(Clusters((2,), modes=8, labels=False), False),
        Case(Clusters((2,), modes=2), True),
        Case(Clusters((1,), modes=2, labels=False), False),
    ]


def plugin_cases(component: Component) -> Iterator[Case]:
    """Yield the datasets of the component's plugin that can be read on this machine."""
    for entry in component.plugins.zoo.entries("dataset"):
        if entry.owner != component.entry.owner:
            continue
        try:
            data = readable(component.sibling(entry))
            if not data.spec.vocab:
                yield Case(data, False)
        except (SkipTest, BrokenPromiseError, GanzooError, ValueError, RuntimeError, TypeError):
            continue  # the dataset's own checks report it


def metric_evidence(component: Component) -> Iterator[tuple[Metric, Evidence]]:
    """Yield a metric with each kind of clusters that it accepts, else with the first dataset of its plugin."""
    accepted = False
    for case in cluster_cases():
        if metric := _accepting_metric(component, case):
            accepted = True
            yield metric, case.evidence()
    for case in plugin_cases(component) if not accepted else ():
        if (metric := _accepting_metric(component, case)) and "x" in (case.data.tensors() or {}):
            yield metric, case.evidence()
            return
    if not accepted:
        skip("it takes none of the data that there is to check it on")


def extractor_data(component: Component) -> Dataset:
    """Return the first data that an extractor accepts. Skips the check where there are none or files are missing."""
    first_refusal = ""
    for case in itertools.chain(cluster_cases(), plugin_cases(component)):
        extractor: Extractor = component.build()
        try:
            extractor.check(case.data.spec)
        except GanzooError as refusal:
            first_refusal = first_refusal or refusal.message
            continue
        return case.data
    skip(f"it takes none of the data that there is to check it on: {first_refusal}")


def _accepting_metric(component: Component, case: Case) -> Metric | None:
    metric: Metric = component.build()
    if metric.sees in ("logits", "classes") and not case.data.spec.classes:
        return None
    try:
        metric.check(case.data.spec, case.data, case.conditional)
    except Exception:  # `it_rejects_data_with_incompatible_error` reports any other than IncompatibleError
        return None
    return metric
