"""Few pictures: distances to the nearest training picture, and the table."""

from __future__ import annotations

import torch

import small_data
from small_data import Row


def test_the_distance_is_that_to_the_nearest() -> None:
    known = torch.tensor([[0.0, 0.0], [10.0, 0.0]])
    assert small_data.distances(torch.tensor([[3.0, 4.0], [10.0, 2.0]]), known).tolist() == [5.0, 2.0]


def test_the_table_has_means_and_ranges() -> None:
    def row(k: float) -> Row:
        return Row({"frechet_distance": k, "precision": 0.5, "recall": 0.25, "coverage": k / 4}, k)

    floors = {"frechet_distance": 0.01, "precision": 0.9, "recall": 0.8, "coverage": 0.95}
    text = small_data.page({"none": [row(1.0), row(2.0), row(3.0)]}, floors, 0.0)
    assert "3 seeds, 2,000 samples" in text
    assert text.splitlines()[-2:] == [
        "| real digits | 0.01 | 0.9 | 0.8 | 0.95 | 1 |",
        "| none | 2 (1 to 3) | 0.5 (0.5 to 0.5) | 0.25 (0.25 to 0.25) | 0.5 (0.25 to 0.75) | 2 (1 to 3) |",
    ]
