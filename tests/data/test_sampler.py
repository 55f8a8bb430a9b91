"""`run.balance`: all classes with equal probability, in an order that depends on seed, epoch, rank and world alone."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganzoo import Batch, DataError, Dataset, IncompatibleError, Spec
from ganzoo.data.loader import Batches
from helpers.support import CONDITIONAL, tiny, train, weights_hash

CPU = torch.device("cpu")
COUNTS = (900, 90, 10, 0)


class Uneven(Dataset):
    """Sample i is the number i; 900 of class 0, 90 of class 1, 10 of class 2, none of class 3."""

    spec = Spec((1,), classes=4)
    y = torch.arange(4).repeat_interleave(torch.tensor(COUNTS)).flip(0)

    def __len__(self) -> int:
        return len(self.y)

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.tensor([float(i)]), "y": self.y[i]}

    def tensors(self) -> Batch | None:
        return {"x": torch.arange(len(self.y)).float()[:, None], "y": self.y}


class Streamed(Uneven):
    def tensors(self) -> None:
        return None


class Telling(Streamed):
    def all_labels(self) -> Tensor:
        return self.y


class Unlabelled(Uneven):
    spec = Spec((1,))


def batches(dataset: Dataset, seed: int = 0, rank: int = 0, world: int = 1, size: int = 20) -> Batches:
    return Batches.of(dataset, size, seed, CPU, rank, world, balance=True)


def drawn(made: Batches, n: int) -> list[int]:
    return [int(x) for batch in islice(made, n) for x in batch["x"]]


def test_every_class_that_occurs_is_drawn_alike() -> None:
    made = batches(Uneven())
    y = torch.cat([batch["y"] for batch in islice(made, 20 * made.per_epoch)])
    share = y.bincount(minlength=4) / len(y)  # 20,000 draws: a standard deviation is 0.0033
    assert share[3] == 0
    assert torch.allclose(share[:3], torch.tensor(1 / 3), atol=0.015)


def test_every_example_of_a_class_is_drawn_alike() -> None:
    seen = torch.tensor(drawn(batches(Uneven()), 1000)).bincount(minlength=1000)
    assert seen[:10].min() > 500 and seen[:10].max() < 840  # 20,000 / 3 / 10 = 667 each
    assert (seen[10:100] > 0).all()


def test_labels_stay_with_their_samples() -> None:
    for batch in islice(batches(Uneven()), 10):
        assert torch.equal(batch["y"], Uneven.y[batch["x"][:, 0].long()])


def test_a_pass_has_the_length_that_it_has_without() -> None:
    assert batches(Uneven()).per_epoch == Batches.of(Uneven(), 20, 0, CPU).per_epoch == 50


def test_the_seed_and_the_epoch_decide_the_order_and_nothing_else() -> None:
    torch.manual_seed(1)
    one = drawn(batches(Uneven()), 100)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    assert drawn(batches(Uneven()), 100) == one
    assert torch.equal(torch.get_rng_state(), before)
    assert one[:1000] != one[1000:]
    assert drawn(batches(Uneven(), seed=1), 50) != one[:1000]


@pytest.mark.parametrize("position", [1, 49, 50, 73])
def test_seeking_equals_having_drawn(position: int) -> None:
    ahead, sought = batches(Uneven()), batches(Uneven())
    drawn(ahead, position)
    sought.seek(position)
    assert drawn(sought, 60) == drawn(ahead, 60)


def test_ranks_share_out_the_batches_of_one_process() -> None:
    together = batches(Uneven(), size=40)
    ranks = [batches(Uneven(), rank=rank, world=2) for rank in range(2)]
    for _ in range(30):
        assert drawn(ranks[0], 1) + drawn(ranks[1], 1) == drawn(together, 1)


def test_a_streamed_dataset_that_tells_its_labels_is_balanced_alike() -> None:
    assert drawn(batches(Telling()), 60) == drawn(batches(Uneven()), 60)


def test_without_labels_there_is_nothing_to_balance() -> None:
    with pytest.raises(IncompatibleError, match=r"this dataset has no labels: set run\.balance=false"):
        batches(Unlabelled())


def test_labels_that_nobody_tells_are_asked_for() -> None:
    with pytest.raises(DataError, match=r"dataset Streamed, .* set run\.balance=false, or give it an all_labels"):
        batches(Streamed())


def test_a_balanced_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    def made(steps: int):
        return tiny(CONDITIONAL, "run.balance=true", f"run.steps={steps}")

    straight = train(made(7), tmp_path)
    half = train(made(3), tmp_path)
    from helpers.support import PLUGINS

    train(half.recipe(PLUGINS.zoo, ["run.steps=7"]), tmp_path, half)
    assert weights_hash(half) == weights_hash(straight)
    plain = train(tiny(CONDITIONAL, "run.steps=7"), tmp_path)
    assert weights_hash(plain) != weights_hash(straight)
