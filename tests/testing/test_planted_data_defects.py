"""Datasets with one planted defect each: the checks that it concerns break, no others, and say what to change."""

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
    """Its examples are in another order each time they are read."""

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
    """Its fingerprint is that of its name."""

    def fingerprint(self) -> str:
        return "points"


class Greedy(Sound):
    """Draws from the generator of training."""

    def tensors(self) -> Batch:
        torch.rand(1)
        return super().tensors()


class NotForWorkers(Sound):
    """Keeps a function that no other process can be given."""

    def __init__(self, n: int = 300, seed: int = 0):
        super().__init__(n, seed)
        self.scale = lambda x: x


class Hasty(Sound):
    """Reads when it is built."""

    def __init__(self, n: int = 300, seed: int = 0):
        super().__init__(n, seed)
        with open(__file__) as file:  # noqa: PTH123
            self.first = file.readline()


class WithBatchAxis(Sound):
    """Its examples are batches of one."""

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i : i + 1] for name, tensor in self.tensors().items()}


class Unnamed(Sound):
    """Has two classes and one name."""

    class_names = ("left",)


class OneClass(Sound):
    """Says that there are three classes, and has two."""

    class_names = ("left", "right", "none")

    def __init__(self, n: int = 300, seed: int = 0):
        super().__init__(n, seed)
        self.spec = Spec((2,), classes=3)


class HeldIn(Sound):
    """Holds out what it trains on."""

    def held_out(self) -> Dataset | None:
        return type(self)(self.n, self.seed)


class Elsewhere(Sound):
    """Needs a file that nobody has, by an address that anybody may answer for."""

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
    """Does not say what fetches its file."""

    def said(self) -> str:
        return "points/points.bin is missing"


class Unsure(Elsewhere):
    """Comes by http, without a digest."""

    url = "http://data.example/points.bin"


DEFECTS: dict[type, dict[str, str]] = {
    Sound: {},
    Elsewhere: {},
    AnotherOrder: {
        "reading twice gives the same": "Sort what the file system lists",
        "the whole is its examples": "Let both read the same tensors",
        "the fingerprint is that of the content": "equal content has another fingerprint",
    },
    OutOfRange: {
        "examples are as the spec says": "Number the classes 0..spec.classes - 1 = 1",
        "every class occurs": "no example is of class 0",
    },
    OneFingerprint: {"the fingerprint is that of the content": "Leave fingerprint() as ganzoo.Dataset has it"},
    Greedy: {"reading leaves the noise of training alone": "torch.Generator().manual_seed(self.seed)"},
    NotForWorkers: {
        "it can be handed to another process": "Keep no lambda",
        "the fingerprint is that of the content": "Keep no lambda",
    },
    Hasty: {
        "building it opens no file": "Read on first use instead",
        "what is held out is of the same kind": "Let it read on first use",
    },
    WithBatchAxis: {
        "examples are as the spec says": "An example has no axis for a batch",
        "the whole is its examples": "Let both read the same tensors",
    },
    Unnamed: {"the spec and the names of classes agree": "Give each class one name of its own"},
    OneClass: {"every class occurs": "Count the classes that occur"},
    HeldIn: {
        "what is held out is something else": "Keep them apart",
    },
    Silent: {"missing data say what to type": "End the DataError with `ganzoo data get planted`"},
    Unsure: {"its sources can be fetched": "Give an https:// address"},
}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
def test_the_checks_that_it_concerns_break_and_say_what_to_change(defect: Any) -> None:
    found = broken("dataset", defect)
    assert found.keys() == DEFECTS[defect].keys(), found
    for name, words in DEFECTS[defect].items():
        assert words in found[name]
