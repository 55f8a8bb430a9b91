"""Batches: their order is a function of seed, epoch, rank and world, and streaming changes nothing."""

from __future__ import annotations

from itertools import chain, islice
from pathlib import Path

import pytest
import torch

from ganzoo import Batch, DataError, Dataset, Spec
from ganzoo.config import resolver
from ganzoo.data.loader import Batches, batches_per_epoch, normalised
from ganzoo.registry import discovery
from ganzoo.training import loop
from helpers.support import PLUGINS, TINY, weights_hash

CPU = torch.device("cpu")


class Numbers(Dataset):
    """Sample i is the number i, twice, labelled i % 3."""

    def __init__(self, n: int = 50):
        self.n = n
        self.spec = Spec((2,), classes=3)
        self.class_names = ("0", "1", "2")

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.full((2,), float(i)), "y": torch.tensor(i % 3)}

    def tensors(self) -> Batch | None:
        examples = [self[i] for i in range(self.n)]
        return {key: torch.stack([example[key] for example in examples]) for key in ("x", "y")}


class Streamed(Numbers):
    def tensors(self) -> None:
        return None


def batches(dataset: Dataset, seed: int = 0, rank: int = 0, world: int = 1, workers: int = 0) -> Batches:
    return Batches.of(dataset, 4, seed, CPU, rank, world, workers)


def order(made: Batches, n: int) -> list[list[int]]:
    """Return the samples of the next n batches."""
    return [batch["x"][:, 0].long().tolist() for batch in islice(made, n)]


def flat(lists: list[list[int]]) -> list[int]:
    return list(chain(*lists))


def test_an_epoch_shows_every_example_at_most_once_and_drops_the_rest() -> None:
    made = batches(Numbers(50))
    assert made.per_epoch == 12
    epoch = flat(order(made, 12))
    assert len(set(epoch)) == len(epoch) == 48
    assert set(epoch) < set(range(50))


def test_epochs_differ() -> None:
    made = batches(Numbers(48))
    first, second = flat(order(made, 12)), flat(order(made, 12))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(48))


def test_labels_stay_with_their_samples() -> None:
    for batch in islice(batches(Numbers()), 15):
        assert torch.equal(batch["y"], batch["x"][:, 0].long() % 3)


def test_the_seed_decides_the_order() -> None:
    assert order(batches(Numbers()), 30) == order(batches(Numbers()), 30)
    assert order(batches(Numbers()), 12) != order(batches(Numbers(), seed=1), 12)


def test_nothing_else_decides_the_order() -> None:
    torch.manual_seed(1)
    one = order(batches(Numbers()), 30)
    torch.manual_seed(2)
    assert order(batches(Numbers()), 30) == one


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_share_out_the_batches_of_one_process(world: int) -> None:
    """Together, the processes draw the batches of one process with `world` times the batch size."""
    together = Batches.of(Numbers(), 4 * world, 0, CPU)
    ranks = [batches(Numbers(), rank=rank, world=world) for rank in range(world)]
    for _ in range(2 * together.per_epoch):
        parts = [order(rank, 1)[0] for rank in ranks]
        assert flat(parts) == order(together, 1)[0]


@pytest.mark.parametrize("kind", [Numbers, Streamed])
@pytest.mark.parametrize("position", [0, 1, 11, 12, 13, 30])
def test_seeking_equals_having_drawn(kind: type[Dataset], position: int) -> None:
    drawn, sought = batches(kind()), batches(kind())
    order(drawn, position)
    sought.seek(position)
    assert sought.position == drawn.position == position
    assert order(sought, 15) == order(drawn, 15)


def test_seeking_back_starts_over() -> None:
    made = batches(Streamed())
    first = order(made, 14)
    made.seek(0)
    assert order(made, 14) == first


@pytest.mark.parametrize(
    "workers", [0, pytest.param(2, marks=pytest.mark.slow, id="2 workers, each a process of its own")]
)
def test_streaming_changes_nothing(workers: int) -> None:
    for rank in range(2):
        in_memory = batches(Numbers(), rank=rank, world=2)
        streamed = batches(Streamed(), rank=rank, world=2, workers=workers)
        for position in (0, 9):
            in_memory.seek(position)
            streamed.seek(position)
            for one, other in zip(islice(in_memory, 9), islice(streamed, 9), strict=True):
                assert one.keys() == other.keys()
                assert all(torch.equal(one[key], other[key]) and one[key].dtype == other[key].dtype for key in one)


@pytest.mark.parametrize("kind", [Numbers, Streamed])
def test_drawing_leaves_the_noise_of_training_alone(kind: type[Dataset]) -> None:
    before = torch.get_rng_state()
    made = batches(kind())
    order(made, 3)
    made.seek(7)
    order(made, 3)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_streamed_run_resumes_to_the_same_weights(tmp_path: Path) -> None:
    plugins = discovery.load()
    plugins.zoo.add("dataset", "streamed", Streamed, summary="Numbers, one at a time")
    tree = {**TINY, "dataset": {"use": "streamed"}, "run": {**TINY["run"], "steps": 7}}
    recipe = resolver.resolve(tree, plugins.zoo, "streamed.toml", name="streamed")
    straight = loop.train(recipe, plugins, tmp_path)
    shorter = resolver.resolve({**tree, "run": {**tree["run"], "steps": 3}}, plugins.zoo, "streamed.toml", name="half")
    half = loop.train(shorter, plugins, tmp_path)
    loop.train(half.recipe(plugins.zoo, ["run.steps=7"]), plugins, tmp_path, half)
    assert weights_hash(half) == weights_hash(straight)
    assert "streamed" not in [entry.name for entry in PLUGINS.zoo.entries("dataset")]


def test_bytes_become_numbers_from_minus_one_to_one() -> None:
    x = normalised({"x": torch.arange(256, dtype=torch.uint8)})["x"]
    assert x.dtype == torch.float32
    assert (x[0].item(), x[255].item()) == (-1.0, 1.0)
    assert torch.allclose(x.diff(), torch.full((255,), 2 / 255), atol=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
def test_anything_but_bytes_stays_as_it_is(dtype: torch.dtype) -> None:
    given = {"x": torch.tensor([3, 200]).to(dtype), "y": torch.tensor([0, 1])}
    made = normalised(given)
    assert all(made[key] is given[key] for key in given)


def test_images_are_normalised_on_the_way() -> None:
    class White(Numbers):
        def __getitem__(self, i: int) -> Batch:
            return {"x": torch.full((2,), 255, dtype=torch.uint8), "y": torch.tensor(0)}

    assert next(batches(White()))["x"].tolist() == [[1.0, 1.0]] * 4


@pytest.mark.parametrize(
    ("length", "world", "message"),
    [
        (0, 1, "the dataset is empty"),
        (3, 1, r"3 examples, fewer than one batch of 4: set run\.batch_size=3 or less"),
        (7, 2, r"one batch of 4 on each of 2 processes: set run\.batch_size=3 or less"),
    ],
)
def test_less_than_one_batch_is_refused_with_what_to_set(length: int, world: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        batches_per_epoch(length, 4, world)


@pytest.mark.parametrize("kind", [Numbers, Streamed])
@pytest.mark.parametrize(("n", "message"), [(7, "7 examples, fewer than one batch of 4 on each of 2"), (0, "is empty")])
def test_too_few_for_every_process_are_refused_by_each_before_anything_is_read(
    kind: type[Numbers], n: int, message: str
) -> None:
    for rank in range(2):
        with pytest.raises(DataError, match=message):
            batches(kind(n), rank=rank, world=2)


@pytest.mark.parametrize("kind", [Numbers, Streamed])
@pytest.mark.parametrize("n", [8, 9, 15, 50])
def test_no_batch_is_short_or_filled_up(kind: type[Numbers], n: int) -> None:
    """All processes get the same number of full batches, and no example occurs twice in an epoch."""
    ranks = [batches(kind(n), rank=rank, world=2) for rank in range(2)]
    assert {rank.per_epoch for rank in ranks} == {n // 8}
    drawn = [order(rank, n // 8) for rank in ranks]
    assert {len(batch) for rank in drawn for batch in rank} == {4}
    together = flat(drawn[0]) + flat(drawn[1])
    assert len(set(together)) == len(together) == n // 8 * 8
