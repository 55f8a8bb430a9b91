"""Tests that a defect in a dataset fails exactly the checks for it, with a remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo import Source
from ganzoo.interfaces import Batch, Dataset, Spec
from helpers.planted import SoundDataset as Sound
from helpers.planted import broken


class AnotherOrder(Sound):
    """Returns the examples in another order in each reading."""

    turn = 0

    def tensors(self) -> Batch:
        self.turn += 1
        order = torch.randperm(self.n, generator=torch.Generator().manual_seed(self.turn))
        return {name: tensor[order] for name, tensor in super().tensors().items()}


class OutOfRange(Sound):
    """Numbers its classes from 1."""

    def tensors(self) -> Batch:
        whole = super().tensors()
        return {**whole, "y": whole["y"] + 1}


class OneFingerprint(Sound):
    """Returns a constant fingerprint."""

    def fingerprint(self) -> str:
        return "points"


class Greedy(Sound):
    """Draws from the global random generator."""

    def tensors(self) -> Batch:
        torch.rand(1)
        return super().tensors()


class NotForWorkers(Sound):
    """Has an attribute that cannot be pickled."""

    def __init__(self, n: int = 300, seed: int = 0):
        super().__init__(n, seed)
        self.scale = lambda x: x


class Hasty(Sound):
    """Reads a file in its constructor."""

    def __init__(self, n: int = 300, seed: int = 0):
        super().__init__(n, seed)
        with open(__file__) as file:  # noqa: PTH123
            self.first = file.readline()


class WithBatchAxis(Sound):
    """Returns examples with a batch axis."""

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i : i + 1] for name, tensor in self.tensors().items()}


class Unnamed(Sound):
    """Has two classes but one class name."""

    class_names = ("left",)


class OneClass(Sound):
    """Declares three classes, but has examples of two."""

    class_names = ("left", "right", "none")

    def __init__(self, n: int = 300, seed: int = 0):
        super().__init__(n, seed)
        self.spec = Spec((2,), classes=3)


class HeldIn(Sound):
    """Returns the training examples as held-out part."""

    def held_out(self) -> Dataset | None:
        return type(self)(self.n, self.seed)


class Elsewhere(Sound):
    """Requires a file that is missing."""

    url = "https://data.example/points.bin"

    def sources(self) -> Sequence[Source]:
        return (Source("points/points.bin", (self.url,)),)

    def tensors(self) -> Batch:
        raise ganzoo.DataError(self.said())

    def __len__(self) -> int:
        raise ganzoo.DataError(self.said())

    def said(self) -> str:
        return "points/points.bin is missing. Type `ganzoo data get planted`"


class Silent(Elsewhere):
    """Names no command to download its file."""

    def said(self) -> str:
        return "points/points.bin is missing"


class Unsure(Elsewhere):
    """Downloads its file by http, without a digest."""

    url = "http://data.example/points.bin"


DEFECTS: dict[type, dict[str, str]] = {
    Sound: {},
    Elsewhere: {},
    AnotherOrder: {
        "reading twice gives equal examples": "Sort the files that the file system lists",
        "tensors and examples agree": "Read both from the same tensors",
        "the fingerprint depends on the content": "equal content has different fingerprints",
    },
    OutOfRange: {
        "examples match the spec": "Number the classes 0..spec.classes - 1 = 1",
        "every class occurs": "there is no example of class 0",
    },
    OneFingerprint: {"the fingerprint depends on the content": "Do not override fingerprint() of ganzoo.Dataset"},
    Greedy: {"reading keeps the random state": "torch.Generator().manual_seed(self.seed)"},
    NotForWorkers: {
        "it can be handed to another process": "Keep no lambda",
        "the fingerprint depends on the content": "Keep no lambda",
    },
    Hasty: {
        "building it opens no file": "Read on first use instead",
        "the held out part has the same spec": "Read on first use instead",
    },
    WithBatchAxis: {
        "examples match the spec": "An example has no batch axis",
        "tensors and examples agree": "Read both from the same tensors",
    },
    Unnamed: {"the spec and the class names agree": "Give each class one unique name"},
    OneClass: {"every class occurs": "Set spec.classes to the number of classes that occur"},
    HeldIn: {
        "the held out part has other examples": "Keep the two parts disjoint",
    },
    Silent: {"missing files are reported with a command": "End the DataError with `ganzoo data get planted`"},
    Unsure: {"its sources can be fetched": "Use an https:// address"},
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_checks_for_a_defect_fail_with_a_remedy(defect: Any) -> None:
    found = broken("dataset", defect)
    assert found.keys() == DEFECTS[defect].keys(), found
    for name, words in DEFECTS[defect].items():
        assert words in found[name]
