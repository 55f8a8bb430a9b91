"""Full pass over a dataset: every damaged example is found, and every class counted."""

from __future__ import annotations

import pytest
import torch

from ganzoo import Batch, DataError, Dataset, Spec
from ganzoo.data.inspection import absent_classes, survey


class Mixed(Dataset):
    """100 examples: the multiples of 10 cannot be read, 33 and 66 have another shape, 51 a label that is too large."""

    spec = Spec((2,), classes=4)
    class_names = ("cat", "dog", "emu", "fox")
    said = ("somebody should know this",)

    def __init__(self, n: int = 100, bad: bool = True):
        self.n = n
        self.bad = bad

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        if self.bad and i % 10 == 0:
            raise DataError(f"cannot read {i}.")
        shape = (3,) if self.bad and i in (33, 66) else (2,)
        return {"x": torch.zeros(shape), "y": torch.tensor(4 if self.bad and i == 51 else i % 3)}

    def remarks(self) -> tuple[str, ...]:
        return self.said


def test_all_damaged_examples_are_found_and_the_others_counted() -> None:
    found = survey(Mixed())
    assert (found.examples, found.damaged) == (100, 13)
    assert found.reasons[:3] == ["cannot read 0.", "cannot read 10.", "cannot read 20."]
    assert sum("has shape (3,), and its spec says (2,)" in reason for reason in found.reasons) == 1  # said once
    assert sum("labels lie in 4..4, expected 0..3" in reason for reason in found.reasons) == 1
    good = [i for i in range(100) if i % 10 and i not in (33, 66, 51)]
    assert found.classes == {name: sum(i % 3 == label for i in good) for label, name in enumerate(Mixed.class_names)}


def test_a_class_without_examples_is_remarked() -> None:
    found = survey(Mixed(bad=False))
    assert found.damaged == 0
    assert found.remarks[0] == "somebody should know this"
    assert found.remarks[1].startswith("1 of 4 classes have no example: fox.")


class Labels(Mixed):
    """Labels that are known in advance, without reading an example."""

    def all_labels(self) -> torch.Tensor:
        return torch.tensor([1, 1, 3])


def test_classes_without_examples_are_known_before_training_where_labels_are() -> None:
    (remark,) = absent_classes(Labels())
    assert remark.startswith("2 of 4 classes have no example: cat, emu.")
    assert absent_classes(Mixed()) == []  # unknown without reading them


def test_only_the_first_reasons_are_kept() -> None:
    found = survey(Mixed(1000))
    assert len(found.reasons) == 30
    assert found.damaged == 103


def test_every_example_is_gone_through() -> None:
    seen: list[int] = []

    def track(indices: range) -> range:
        seen.extend(indices)
        return indices

    survey(Mixed(), track)
    assert seen == list(range(100))


def test_an_empty_dataset_is_an_error() -> None:
    with pytest.raises(DataError, match="is empty"):
        survey(Mixed(0))
