"""Evidence for a metric, and samples for an extractor: of clusters, or of a dataset of its own plugin."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from unittest import SkipTest

import torch

from ganzoo.data.loader import normalised
from ganzoo.errors import GanzooError
from ganzoo.interfaces import Dataset
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Evidence, Metric, Seen
from ganzoo.testing import clusters
from ganzoo.testing.check import BrokenPromiseError, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.data import readable

NOISE = 0.02  # of samples that are nearly real


@dataclass(frozen=True)
class Case:
    """conditional: whether samples were asked for by class."""

    data: Dataset
    conditional: bool

    def evidence(self) -> Evidence:
        """Half of the data, the other half, and samples near the first half in the place of generated ones."""
        whole = self.data.tensors()
        assert whole is not None, "cases are held in memory"
        batch = normalised({name: tensor[: 2 * clusters.N] for name, tensor in whole.items()})
        x, y, half = batch["x"], batch.get("y"), len(batch["x"]) // 2
        looks = clusters.NearestMean(x[:half], y[:half] if y is not None else None, self.data.spec.classes)
        real, held = (
            Seen(x[part], y[part] if y is not None else None, looks) for part in (slice(half), slice(half, 2 * half))
        )
        fake = real.x + NOISE * torch.randn(real.x.shape, generator=torch.Generator().manual_seed(0))
        fake = fake.clamp(-1, 1) if self.data.spec.is_image else fake
        return Evidence(real, held, Seen(fake, real.y if self.conditional else None, looks), self.data)


def of_clusters() -> Iterator[Case]:
    for data, conditional in clusters.every():
        yield Case(data, conditional)


def of_its_plugin(component: Component) -> Iterator[Case]:
    """Datasets of the same plugin that can be read here."""
    for entry in component.plugins.zoo.entries("dataset"):
        if entry.owner != component.entry.owner:
            continue
        try:
            data = readable(component.beside(entry))
            if not data.spec.vocab:
                yield Case(data, False)
        except (
            SkipTest,
            BrokenPromiseError,
            GanzooError,
            ValueError,
            RuntimeError,
            TypeError,
        ):  # another check's finding
            continue


def judged(component: Component) -> Iterator[tuple[Metric, Evidence]]:
    """The metric with evidence of each kind that it takes: of clusters, else of the first dataset of its plugin."""
    found = False
    for case in of_clusters():
        if metric := _fitting(component, case):
            found = True
            yield metric, case.evidence()
    for case in of_its_plugin(component) if not found else ():
        if (metric := _fitting(component, case)) and "x" in (case.data.tensors() or {}):
            yield metric, case.evidence()
            return
    if not found:
        not_asked("it takes none of the data that there is to ask it on")


def _fitting(component: Component, case: Case) -> Metric | None:
    metric: Metric = component.build()
    if metric.sees in ("logits", "classes") and not case.data.spec.classes:
        return None
    try:
        metric.check(case.data.spec, case.data, case.conditional)
    except Exception:  # that it is an IncompatibleError is a promise of its own
        return None
    return metric


def looked_at(component: Component) -> Dataset:
    """The first data that an extractor takes. The check is left where there is none, or its files are missing."""
    told = ""
    for case in itertools.chain(of_clusters(), of_its_plugin(component)):
        extractor: Extractor = component.build()
        try:
            extractor.check(case.data.spec)
        except GanzooError as refusal:
            told = told or refusal.message
            continue
        return case.data
    not_asked(f"it takes none of the data that there is to ask it on: {told}")
