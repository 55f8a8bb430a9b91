"""Two sets joined: their specs, lengths and orders, and that none is paired with the other."""

from __future__ import annotations

from itertools import chain, islice

import pytest
import torch

from ganzoo import Batch, DataError, Dataset, IncompatibleError, Spec, Unpaired
from ganzoo.data.loader import Batches
from ganzoo.testing.stand_ins import Noise


class Numbers(Dataset):
    """Sample i is start + i, in images of one pixel."""

    def __init__(self, n: int, start: int, side: int = 1, streamed: bool = False):
        self.n = n
        self.start = start
        self.streamed = streamed
        self.spec = Spec((1, side, side))

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.full(self.spec.shape, self.start + i, dtype=torch.uint8)}

    def tensors(self) -> Batch | None:
        return None if self.streamed else {"x": torch.stack([self[i]["x"] for i in range(self.n)])}

    def held_out(self) -> Dataset | None:
        return Numbers(2, self.start + 100, self.spec.shape[-1]) if self.start else None

    def remarks(self) -> list[str]:
        return [f"it starts with {self.start}"]


def numbers(batch: Batch, key: str) -> list[int]:
    return [round((x.mean().item() + 1) * 127.5) for x in batch[key]]


def made(a: Dataset, b: Dataset, seed: int = 0) -> Batches:
    return Batches.of(Unpaired(a, b), 4, seed, torch.device("cpu"))


def test_two_sets_have_the_spec_of_the_samples_and_the_shape_of_the_inputs() -> None:
    joined = Unpaired(Noise((1, 4, 4), classes=3, n=5), Noise((3, 8, 8), classes=2, n=7))
    assert joined.spec == Spec((3, 8, 8), source_shape=(1, 4, 4)) and joined.spec.source == Spec((1, 4, 4))
    assert Unpaired(Noise((1, 4, 4)), Noise((1, 4, 4))).spec == Spec((1, 4, 4))
    assert len(joined) == 7 and joined.in_memory and joined.tensors() is None
    assert {key: value.shape for key, value in joined[6].items()} == {"a": (1, 4, 4), "b": (3, 8, 8)}
    with pytest.raises(IndexError):
        joined[7]


def test_the_shorter_set_starts_again() -> None:
    joined = Unpaired(Numbers(3, 0), Numbers(5, 10))
    assert [(int(one["a"]), int(one["b"])) for one in joined] == [(0, 10), (1, 11), (2, 12), (0, 13), (1, 14)]
    assert len(Unpaired(Numbers(0, 0), Numbers(5, 10))) == 0


@pytest.mark.parametrize("streamed", [False, True])
def test_each_set_has_epochs_of_its_own(streamed: bool) -> None:
    batches = made(Numbers(12, 0, streamed=streamed), Numbers(8, 100, side=2))
    assert batches.per_epoch == 3
    drawn = [*islice(batches, 6)]
    a, b = ([numbers(batch, key) for batch in drawn] for key in ("a", "b"))
    assert sorted(chain(*a[:3])) == sorted(chain(*a[3:])) == [*range(12)]
    assert sorted(chain(*b[:2])) == sorted(chain(*b[2:4])) == [*range(100, 108)]
    assert a[:3] != a[3:] and drawn[0]["b"].shape == (4, 1, 2, 2)


def test_sets_of_one_length_are_in_different_orders() -> None:
    batch = next(made(Numbers(50, 0), Numbers(50, 100)))
    assert [100 + k for k in numbers(batch, "a")] != numbers(batch, "b")


def test_batches_continue_where_they_were() -> None:
    whole = [numbers(batch, "a") + numbers(batch, "b") for batch in islice(made(Numbers(9, 0), Numbers(17, 100)), 9)]
    later = made(Numbers(9, 0), Numbers(17, 100))
    later.seek(5)
    assert [numbers(batch, "a") + numbers(batch, "b") for batch in islice(later, 4)] == whole[5:]
    assert later.position == 9


def test_either_set_changes_the_fingerprint() -> None:
    sets = [(Numbers(3, 0), Numbers(5, 10)), (Numbers(3, 1), Numbers(5, 10)), (Numbers(3, 0), Numbers(5, 11))]
    sets += [(b, a) for a, b in sets[:1]]
    assert len({Unpaired(a, b).fingerprint() for a, b in sets}) == 4


def test_fingerprints_of_other_data_are_what_they_were() -> None:
    assert repr(Spec((1, 2, 3), 4)) == "Spec(shape=(1, 2, 3), classes=4, vocab=0)"
    pairs = [Noise((1, 4, 4), n=2, pairs=True, source_shape=shape).fingerprint() for shape in (None, (1, 4, 4))]
    assert pairs[0] == pairs[1]


def test_test_splits_are_joined_if_both_have_one() -> None:
    held = Unpaired(Numbers(3, 1), Numbers(5, 10)).held_out()
    assert held and int(held[0]["a"]) == 101 and int(held[0]["b"]) == 110
    assert Unpaired(Numbers(3, 0), Numbers(5, 10)).held_out() is None


def test_remarks_say_which_set_they_are_about() -> None:
    assert Unpaired(Numbers(3, 1), Numbers(5, 10)).remarks() == ["a: it starts with 1", "b: it starts with 10"]


def test_a_set_of_pairs_is_refused() -> None:
    with pytest.raises(DataError, match=r"dataset Noise has pairs, and one of two sets has single samples"):
        next(made(Numbers(9, 0), Noise((1, 1, 1), pairs=True)))


def test_a_set_with_fewer_examples_than_a_batch_is_refused() -> None:
    with pytest.raises(DataError, match="3 examples, fewer than one batch of 4"):
        made(Numbers(9, 0), Numbers(3, 0))


def test_classes_are_balanced_in_each_set_or_there_are_none() -> None:
    with pytest.raises(IncompatibleError, match="no labels"):
        Batches.of(Unpaired(Numbers(9, 0), Numbers(9, 0)), 4, 0, torch.device("cpu"), balance=True)
