"""Subsets of a dataset as one batch: by class, and at random."""

from __future__ import annotations

import pytest
import torch

from ganzoo import Batch, Dataset, Spec
from ganzoo.data import subset
from ganzoo_builtins.datasets.toy import Ring


class Labelled(Dataset):
    """Images of one pixel, whose brightness is their number; class 2 does not occur."""

    def __init__(self, labels: list[int], streamed: bool = False):
        self.spec = Spec((1, 1, 1), classes=4)
        self.labels = labels
        self.streamed = streamed

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.full((1, 1, 1), i, dtype=torch.uint8), "y": torch.tensor(self.labels[i])}

    def tensors(self) -> Batch | None:
        if self.streamed:
            return None
        examples = [self[i] for i in range(len(self))]
        return {key: torch.stack([example[key] for example in examples]) for key in ("x", "y")}


def numbers(batch: Batch) -> list[int]:
    return ((batch["x"].flatten() + 1) * 127.5).round().int().tolist()


@pytest.mark.parametrize("streamed", [False, True])
def test_real_samples_by_class_come_in_columns(streamed: bool) -> None:
    batch = subset.take_by_class(Labelled([0, 0, 1, 3, 1, 3, 0, 2], streamed), 12)
    assert batch["y"].tolist() == [0, 1, 2, 3] * 3
    assert numbers(batch) == [0, 2, 7, 3, 1, 4, 7, 5, 6, 2, 7, 3]  # each class from its first on, and around again


@pytest.mark.parametrize("streamed", [False, True])
def test_an_image_of_a_class_that_does_not_occur_is_black(streamed: bool) -> None:
    batch = subset.take_by_class(Labelled([3, 3, 1, 3, 1, 3], streamed), 8)
    assert batch["y"].tolist() == [0, 1, 2, 3] * 2
    assert numbers(batch) == [0, 2, 0, 0, 0, 4, 0, 1]
    assert [round(x) for x in batch["x"].flatten()[[0, 2, 4, 6]].tolist()] == [-1] * 4


def test_a_point_of_a_class_that_does_not_occur_is_any_point() -> None:
    points = Ring(n=64, labelled=True, std=0.0)
    points.spec = Spec((2,), classes=9)
    x = subset.take_by_class(points, 18)["x"]
    assert x.norm(dim=1).tolist() == pytest.approx([1.0] * 18)  # on the ring: none in the middle


def test_a_rare_class_is_found_where_labels_are_known_in_advance() -> None:
    class Known(Labelled):
        def all_labels(self) -> torch.Tensor:
            return torch.tensor(self.labels)

    labels = [0, 3] * 2000
    labels[201] = 1  # not among the examples that would be scanned
    batch = subset.take_by_class(Known(labels, streamed=True), 4)
    assert torch.equal(batch["x"][1], Known(labels)[201]["x"].float() / 127.5 - 1)


@pytest.mark.parametrize("streamed", [False, True])
def test_real_samples_are_drawn_from_the_whole_set_and_always_alike(streamed: bool) -> None:
    batch = subset.take_random(Labelled([0] * 100, streamed), 60, seed=0)
    assert len({*numbers(batch)}) == 60 and max(numbers(batch)) > 90 and min(numbers(batch)) < 10
    assert numbers(batch) == numbers(subset.take_random(Labelled([0] * 100, not streamed), 60, seed=0))
    assert batch["x"].dtype == torch.float32


def test_a_period_of_the_data_does_not_show() -> None:
    """Labels that go round by eight, of which every 50th has four."""
    y = subset.take_random(Ring(n=100_000, labelled=True), 2000, seed=0)["y"]
    assert y.bincount().min() > 150


def test_a_small_set_is_shown_again_and_again() -> None:
    shown = numbers(subset.take_random(Labelled([0, 1, 3]), 7, seed=0))
    assert sorted(shown[:3]) == [0, 1, 2] and shown == [*shown[:3], *shown[:3], shown[0]]


def test_examples_of_chosen_classes_in_turn() -> None:
    batch = subset.take_by_class(Labelled([0, 0, 1, 3, 1, 3, 0, 2], False), 5, [3, 0])
    assert batch["y"].tolist() == [3, 0, 3, 0, 3]
    assert numbers(batch) == [3, 0, 5, 1, 3]
