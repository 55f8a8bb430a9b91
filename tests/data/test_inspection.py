"""Full pass over a dataset: every damaged example is found, and every class counted."""

from __future__ import annotations

import pytest
import torch

from ganzoo import Batch, DataError, Dataset, Spec
from ganzoo.data.inspection import absent_classes, narrow_range, survey


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
    assert found.remarks[1].startswith(
        "1 of 4 classes has no example: fox. A conditional model learns nothing about it"
    )


class Labels(Mixed):
    """Labels that are known in advance, without reading an example."""

    def all_labels(self) -> torch.Tensor:
        return torch.tensor([1, 1, 3])


def test_classes_without_examples_are_known_before_training_where_labels_are() -> None:
    (remark,) = absent_classes(Labels())
    assert remark.startswith("2 of 4 classes have no example: cat, emu.")
    assert absent_classes(Mixed()) == []  # unknown without reading them


def test_all_reasons_are_kept() -> None:
    found = survey(Mixed(1000))
    assert found.damaged == 103
    assert found.reasons[-1] == "cannot read 990." and len(found.reasons) == 102  # two of them are equal


class Pictures(Dataset):
    """Five pictures of these values, in memory or not."""

    def __init__(self, *values: float, floats: bool = False, streamed: bool = False, key: str = "x"):
        numbers = torch.tensor(values)
        self.images = (numbers if floats else numbers.to(torch.uint8)).view(1, 1, 1, -1).expand(5, 1, 4, -1)
        self.spec = Spec(tuple(self.images.shape[1:]))
        self.streamed = streamed
        self.key = key

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Batch:
        torch.rand(())  # such as a random crop
        return dict.fromkeys((self.key, "b" if self.key == "a" else "x"), self.images[i])

    def tensors(self) -> Batch | None:
        return None if self.streamed else {self.key: self.images}


@pytest.mark.parametrize("streamed", [False, True])
def test_pictures_that_use_a_small_part_of_the_range_are_remarked(streamed: bool) -> None:
    for values in ((0, 1), (0, 63), (127, 143), (7, 7)):
        (remark,) = narrow_range(Pictures(*values, streamed=streamed), whole=True)
        assert remark.startswith(f"all values of 'x' lie between {values[0]} and {values[1]} of 0 to 255: ")
        assert survey(Pictures(*values)).remarks == [remark]
    for values in ((0, 64), (100, 255)):
        assert narrow_range(Pictures(*values, streamed=streamed), whole=True) == []
        assert survey(Pictures(*values)).remarks == []


def test_every_side_of_pairs_is_looked_at() -> None:
    (remark, _) = narrow_range(Pictures(0, 1, key="a", streamed=True), whole=False)
    assert remark.startswith("all values of 'a' lie between 0 and 1 ")


def test_pictures_of_floats_are_looked_at_and_features_are_not() -> None:
    (remark,) = narrow_range(Pictures(-1.0, -0.9, floats=True), whole=True)
    assert remark.startswith("all values of 'x' lie between -1 and -0.9 of -1 to 1: ")
    assert narrow_range(Pictures(-1.0, 0.0, floats=True), whole=True) == []
    assert narrow_range(Mixed(bad=False), whole=False) == []


def test_looking_at_pictures_draws_no_random_number() -> None:
    state = torch.get_rng_state()
    narrow_range(Pictures(0, 1, streamed=True), whole=True)
    assert torch.equal(torch.get_rng_state(), state)


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
