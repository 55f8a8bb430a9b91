"""Tests that a defect in a metric or an extractor fails exactly the checks for it, with a remedy."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, ClassVar
from unittest import SkipTest

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import Dataset, Evidence, Extractor, IncompatibleError, Metric, Reference, Spec
from helpers.planted import SoundDataset as Data
from helpers.planted import SoundProcedure as Training
from helpers.planted import broken, checks


class Sound(Metric):
    """Distance between the means of generated and real samples."""

    better: ClassVar = {"mean_distance": "lower"}
    sees = "samples"

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"mean_distance": float((evidence.real.x.double().mean(0) - evidence.fake.x.double().mean(0)).norm())}


class OtherName(Sound):
    """Returns a result under a name that it does not declare."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"distance": super().__call__(evidence)["mean_distance"]}


class Random(Sound):
    """Returns a random result."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"mean_distance": super().__call__(evidence)["mean_distance"] + random.SystemRandom().random() / 1e3}


class Drawing(Sound):
    """Draws from the global random generator."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        torch.rand(1)
        return super().__call__(evidence)


class ATensor(Sound):
    """Returns a tensor instead of a float."""

    def __call__(self, evidence: Evidence) -> Mapping[str, Any]:
        return {name: torch.tensor(value) for name, value in super().__call__(evidence).items()}


class WrongWay(Sound):
    """Declares the wrong direction."""

    better: ClassVar = {"mean_distance": "higher"}


class InPlace(Sound):
    """Changes the samples in place."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        evidence.fake.x.clamp_(-0.7, 0.7)
        return super().__call__(evidence)


class Peeking(Sound):
    """Uses an extractor, but declares samples as its input."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real.features.double(), evidence.fake.features.double()
        return {"mean_distance": float((real.mean(0) - fake.mean(0)).norm())}


class Rude(Sound):
    """Raises ValueError for data that it does not support."""

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if spec.is_image:
            raise ValueError("points only")


class Shapes(Extractor):
    """Sorted values of each sample."""

    def prepare(self, reference: Reference) -> None:
        self.digest = "sorted"

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float().sort(1).values


class Flat(Shapes):
    """Returns images as features without flattening them."""

    def features(self, x: Tensor) -> Tensor:
        return x.float() if x.dim() > 2 else super().features(x)


class Together(Shapes):
    """Scales features by the standard deviation of the batch."""

    def features(self, x: Tensor) -> Tensor:
        return super().features(x) / (1 + x.float().std())


class Fresh(Shapes):
    """Has other weights after each preparation."""

    def prepare(self, reference: Reference) -> None:
        self.weight = random.SystemRandom().random()

    def features(self, x: Tensor) -> Tensor:
        return self.weight * super().features(x)


class Mistold(Shapes):
    """Declares the classes of the data, but returns two logits."""

    classifies = "data"

    def logits(self, x: Tensor) -> Tensor:
        return super().features(x)[:, :2]


SAME, RESULTS = "equal evidence gives equal results", "its results are those it declares"
METRICS: dict[type, dict[str, str]] = {
    Sound: {},
    OtherName: {RESULTS: "it returns distance, but better names mean_distance. Return exactly these"},
    Random: {SAME: "Use a generator of its own"},
    Drawing: {SAME: "it draws from a global random generator. Use a generator of its own"},
    ATensor: {RESULTS: "Make it a float: float(...)"},
    WrongWay: {"better samples score better": "better says that higher is better. Change the direction in better"},
    InPlace: {"it does not change the samples": "call no method whose name ends in _"},
    Peeking: {"it uses only the inputs it declares": 'Declare it: sees = "features"'},
    Rude: {"it rejects data with incompatible error": "Raise ganzoo.IncompatibleError and say which data it accepts"},
}
EXTRACTORS: dict[type, dict[str, str]] = {
    Shapes: {},
    Flat: {"its features are a row for each sample": "flatten(1).float().cpu()"},
    Together: {"features do not depend on other samples": "batch norm uses the statistics of training"},
    Fresh: {"preparing it again gives the same features": "Initialise its weights from a seed"},
    Mistold: {"its logits match classifies": 'set classifies = "others"'},
}


@pytest.mark.parametrize("defect", [*METRICS, *EXTRACTORS], ids=lambda defect: defect.__name__)
def test_the_checks_for_a_defect_fail_with_a_remedy(defect: Any) -> None:
    kind, expected = ("metric", METRICS[defect]) if defect in METRICS else ("extractor", EXTRACTORS[defect])
    found = broken(kind, defect)
    assert found.keys() == expected.keys(), found
    for name, words in expected.items():
        assert words in found[name]


class OfOneDataset(Sound):
    """Accepts one dataset of its own plugin only."""

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if not isinstance(data, Data):
            raise IncompatibleError("it knows one dataset: use that")

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        assert isinstance(evidence.data, Data) and evidence.data.n == 60
        return {"mean_distance": 1 / 0}


def test_a_metric_of_one_dataset_is_asked_on_that_one() -> None:
    asked = checks(("metric", "planted", OfOneDataset), ("dataset", "points", Data))
    results = next(check for check in asked if check.name == RESULTS)
    with pytest.raises(ganzoo.testing.BrokenPromiseError, match="ZeroDivisionError"):
        results()
    alone = next(check for check in checks(("metric", "planted", OfOneDataset)) if check.name == RESULTS)
    with pytest.raises(SkipTest, match="it takes none of the data"):
        alone()


def test_sound_components_of_all_four_kinds_pass_everything() -> None:
    components = [("dataset", "points", Data), ("procedure", "turns", Training)]
    asked = checks(*components, ("metric", "means", Sound), ("extractor", "shapes", Shapes))
    kept = set()
    for check in asked:
        if str(check).startswith("plugin"):
            continue  # it has no package and no entry point
        try:
            check()
        except SkipTest:
            continue
        kept.add(str(check).partition(" ")[0])
    assert {"dataset", "procedure", "metric", "extractor"} <= kept
