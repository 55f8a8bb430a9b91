"""Metrics and extractors with one planted defect each: the checks that it concerns break, no others, and say why."""

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
    """How far the mean of generated samples is from that of real ones."""

    better: ClassVar = {"mean_distance": "lower"}
    sees = "samples"

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"mean_distance": float((evidence.real.x.double().mean(0) - evidence.fake.x.double().mean(0)).norm())}


class OtherName(Sound):
    """Gives a result by another name than it says."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"distance": super().__call__(evidence)["mean_distance"]}


class Random(Sound):
    """Looks at other samples each time."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"mean_distance": super().__call__(evidence)["mean_distance"] + random.SystemRandom().random() / 1e3}


class Drawing(Sound):
    """Draws from the generator of training."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        torch.rand(1)
        return super().__call__(evidence)


class ATensor(Sound):
    """Gives a tensor."""

    def __call__(self, evidence: Evidence) -> Mapping[str, Any]:
        return {name: torch.tensor(value) for name, value in super().__call__(evidence).items()}


class WrongWay(Sound):
    """Says that higher is better."""

    better: ClassVar = {"mean_distance": "higher"}


class InPlace(Sound):
    """Moves the samples that it is shown."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        evidence.fake.x.clamp_(-0.7, 0.7)
        return super().__call__(evidence)


class Peeking(Sound):
    """Looks with an extractor, and says that it looks at samples."""

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = evidence.real.features.double(), evidence.fake.features.double()
        return {"mean_distance": float((real.mean(0) - fake.mean(0)).norm())}


class Rude(Sound):
    """Refuses by an error that nobody expects."""

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if spec.is_image:
            raise ValueError("points only")


class Shapes(Extractor):
    """Sorted numbers of each sample, scaled by a weight."""

    def prepare(self, reference: Reference) -> None:
        self.digest = "sorted"

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float().sort(1).values


class Flat(Shapes):
    """Keeps the shape of images."""

    def features(self, x: Tensor) -> Tensor:
        return x.float() if x.dim() > 2 else super().features(x)


class Together(Shapes):
    """Scales by the batch."""

    def features(self, x: Tensor) -> Tensor:
        return super().features(x) / (1 + x.float().std())


class Fresh(Shapes):
    """Has other weights each time that it is prepared."""

    def prepare(self, reference: Reference) -> None:
        self.weight = random.SystemRandom().random()

    def features(self, x: Tensor) -> Tensor:
        return self.weight * super().features(x)


class Mistold(Shapes):
    """Says that it tells the classes of the data, and tells two."""

    classifies = "data"

    def logits(self, x: Tensor) -> Tensor:
        return super().features(x)[:, :2]


SAME, RESULTS = "the same evidence gives the same numbers", "its results are those that it names"
METRICS: dict[type, dict[str, str]] = {
    Sound: {},
    OtherName: {RESULTS: "it gives distance, and better names mean_distance. Return exactly those"},
    Random: {SAME: "Draw from a generator of its own"},
    Drawing: {SAME: "it draws from the generator of training. Draw from a generator of its own"},
    ATensor: {RESULTS: "Make it a float: float(...)"},
    WrongWay: {"better samples score better": "better says that higher is better. Turn one of them round"},
    InPlace: {"it changes nothing that it is shown": "no method that ends in _"},
    Peeking: {"it looks at nothing but what it says": 'Say so: sees = "features"'},
    Rude: {"it refuses by a misfit": "Raise ganzoo.IncompatibleError with what would fit"},
}
EXTRACTORS: dict[type, dict[str, str]] = {
    Shapes: {},
    Flat: {"features are a row of numbers for each sample": "flatten(1).float().cpu()"},
    Together: {"a sample looks the same whoever is beside it": "batch norm uses what it has seen in training"},
    Fresh: {"preparing it again gives the same features": "Draw first weights from a seed"},
    Mistold: {"logits are told where it says so": 'say classifies = "others"'},
}


@pytest.mark.parametrize("defect", [*METRICS, *EXTRACTORS], ids=lambda defect: defect.__name__)
def test_the_checks_that_it_concerns_break_and_say_what_to_change(defect: Any) -> None:
    kind, expected = ("metric", METRICS[defect]) if defect in METRICS else ("extractor", EXTRACTORS[defect])
    found = broken(kind, defect)
    assert found.keys() == expected.keys(), found
    for name, words in expected.items():
        assert words in found[name]


class OfOneDataset(Sound):
    """Makes sense for a dataset of its own plugin, and for no other."""

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
            continue  # it has no package, and no entry point
        try:
            check()
        except SkipTest:
            continue
        kept.add(str(check).partition(" ")[0])
    assert {"dataset", "procedure", "metric", "extractor"} <= kept
