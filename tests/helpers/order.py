"""Batches of a streamed dataset: their order is that of the seed, and a resume continues it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from ganzoo import Dataset
from ganzoo.data.loader import Batches

SEED = 3


def check_order(dataset: Dataset, number_of: Callable[[Tensor], int], size: int = 4) -> None:
    """Check that batches have the order of the seed, by worker processes too, and that they continue after a resume.

    Args:
        dataset: A streamed dataset.
        number_of: Tells the index of an example from its sample, as batches have it.
        size: Examples per batch.
    """
    assert dataset.tensors() is None
    cpu = torch.device("cpu")
    epochs = [
        torch.randperm(len(dataset), generator=torch.Generator().manual_seed(SEED + k * 1_000_003)) for k in (0, 1)
    ]
    per_epoch = len(dataset) // size
    expected = [order[: per_epoch * size].view(per_epoch, size).tolist() for order in epochs]
    labels = dataset.all_labels()
    for workers in (0, 1):
        batches = Batches.of(dataset, size, SEED, cpu, workers=workers)
        for number, indices in enumerate(expected[0] + expected[1]):
            batch = next(batches)
            assert [number_of(x) for x in batch["x"]] == indices, number
            if labels is not None:
                assert batch["y"].tolist() == labels[indices].tolist()
        batches.close()
    resumed = Batches.of(dataset, size, SEED, cpu)
    resumed.seek(per_epoch + 1)
    assert [number_of(x) for x in next(resumed)["x"]] == expected[1][1]


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays in memory."""
    monkeypatch.setattr("ganzoo_builtins.datasets.pictures.IN_MEMORY", 0)
    monkeypatch.setattr("ganzoo_builtins.datasets.array_rows.IN_MEMORY", 0)
