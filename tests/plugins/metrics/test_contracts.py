"""What ganzoo.metrics.metric promises, asked of every built-in metric, on samples of each kind that it takes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo import Dataset, Evidence, Extractor, Metric, Misfit, Seen, Spec
from ganzoo.blueprint import Blueprint
from ganzoo.data import normalised
from ganzoo.discovery import load
from ganzoo.interfaces import Batch
from ganzoo.registry import Entry
from ganzoo_builtins.datasets.stacked_mnist import StackedMNIST
from ganzoo_builtins.datasets.toy import Gaussian1D, Ring

ENTRIES = [entry for entry in load().zoo.entries("metric") if entry.owner == "ganzoo"]
SMALL = {"subsets": 3, "most": 80, "projections": 5, "steps": 3, "least": 0}
N = 90
every = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


class Stripes(Dataset):
    """Grey images, a class for the row that is bright; `n` of them are held out."""

    spec = Spec((1, 8, 8), classes=3)

    def __init__(self, seed: int = 0):
        self.seed = seed

    def __len__(self) -> int:
        return 2 * N

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self.tensors().items()}

    def tensors(self) -> Batch:
        generator = torch.Generator().manual_seed(self.seed)
        y = torch.arange(len(self)) % 3
        x = torch.randint(0, 100, (len(self), 1, 8, 8), generator=generator)
        x[torch.arange(len(self)), 0, y] += 100
        return {"x": x.byte(), "y": y}

    def held_out(self) -> Dataset:
        return Stripes(self.seed + 1)


class Referee(Extractor):
    """Sees the classes of all data here: by the row that is bright, the place on the ring, the sign."""

    classifies = "data"

    def __init__(self, spec: Spec):
        self.spec = spec

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1)

    def logits(self, x: Tensor) -> Tensor:
        if self.spec.is_image:
            return x.mean((1, 3))[:, : self.spec.classes]  # (N, 1, H, W) -> (N, classes)
        return F.pad(x, (0, max(0, self.spec.classes - x.shape[1])))[:, : max(1, self.spec.classes)]


@dataclass(frozen=True)
class Case:
    data: Dataset
    conditional: bool


CASES = {
    "images": Case(Stripes(), conditional=True),
    "images without asking": Case(Stripes(), conditional=False),
    "points": Case(Ring(n=2 * N), conditional=False),
    "points with labels": Case(Ring(n=2 * N, modes=2, labels=True), conditional=True),
    "stacked": Case(StackedMNIST(of="digits", n=2 * N), conditional=False),
    "numbers": Case(Gaussian1D(n=2 * N, means=[-2, 2]), conditional=False),
}


@cache
def evidence(name: str) -> Evidence:
    """Half of the data, the other half, and samples around the first half."""
    case = CASES[name]
    whole = case.data.tensors()
    assert whole is not None
    batch = normalised(whole)
    x, y, referee = batch["x"], batch.get("y"), Referee(case.data.spec)
    real, held = (Seen(x[part], y[part] if y is not None else None, referee) for part in (slice(N), slice(N, 2 * N)))
    noise = torch.randn(real.x.shape, generator=torch.Generator().manual_seed(0))
    fake = (real.x + 0.02 * noise).clamp(-1, 1) if case.data.spec.is_image else real.x + 0.02 * noise
    return Evidence(real, held, Seen(fake, real.y if case.conditional else None, referee), case.data)


def made(entry: Entry) -> Metric:
    signature = Blueprint(entry).signature.settings
    return entry.load()(**{name: value for name, value in SMALL.items() if name in signature})


def fitting(metric: Metric) -> Iterator[Evidence]:
    """For each kind of samples that the metric takes."""
    for name, case in CASES.items():
        try:
            metric.check(case.data.spec, case.data, case.conditional)
        except Misfit:
            continue
        if metric.sees not in ("logits", "classes") or case.data.spec.classes:
            yield evidence(name)


@every
def test_described(entry: Entry) -> None:
    assert 0 < len(entry.summary) <= 60 and not entry.summary.endswith(".")
    assert not entry.paper or entry.paper.startswith(("arXiv:", "https://"))
    assert inspect.getdoc(entry.load())
    assert inspect.getdoc(entry.load()) != inspect.getdoc(Metric)


@every
def test_defaults_make_a_recipe(entry: Entry) -> None:
    """Every setting has a default, which passes its own check and survives JSON."""
    filled = Blueprint(entry).filled()
    assert filled.pop("use") == entry.full_name
    assert Blueprint(entry, filled).problems() == []
    assert Blueprint(entry, {"no_such_setting": 1}).problems()
    assert all(Blueprint(entry, {name: -1}).problems() for name in filled)  # no setting of any metric may be negative


@every
def test_it_says_what_it_needs(entry: Entry) -> None:
    metric = made(entry)
    assert metric.better and set(metric.better.values()) <= {"lower", "higher", "nearer"}
    assert metric.sees in ("samples", "features", "logits", "classes")
    if metric.asked:
        with pytest.raises(Misfit, match="conditional GAN"):
            metric.check(Spec((1, 8, 8), classes=3), Stripes(), conditional=False)
    assert any(fitting(metric))


def test_results_have_names_of_their_own() -> None:
    names = [name for entry in ENTRIES for name in entry.load().better]
    assert len(set(names)) == len(names)


@every
def test_a_score(entry: Entry) -> None:
    """Finite numbers under the names that were announced, the same each time, and nothing else is changed by it."""
    metric = made(entry)
    for given in fitting(metric):
        copies = [side.x.clone() for side in (given.real, given.held, given.fake)]
        torch.manual_seed(7)
        before = torch.get_rng_state()
        with torch.no_grad():  # as after training
            first, again, floor = metric(given), metric(given), metric.floor(given)
        assert torch.equal(torch.get_rng_state(), before)
        for copy, side in zip(copies, (given.real, given.held, given.fake), strict=True):
            assert torch.equal(copy, side.x)
        assert list(first) == list(floor) == list(metric.better)
        assert first == again
        assert all(type(value) is float and math.isfinite(value) for value in [*first.values(), *floor.values()])


@every
def test_a_metric_of_samples_looks_at_nothing_else(entry: Entry) -> None:
    metric = made(entry)
    if metric.sees == "samples":
        for given in fitting(metric):
            sides = [Seen(side.x, side.y, Blind()) for side in (given.real, given.held, given.fake)]
            assert metric(Evidence(*sides, given.data)) == metric(given)


class Blind(Extractor):
    def features(self, x: Tensor) -> Tensor:
        raise AssertionError("a metric of samples looked at features")
