"""Layout of sample grids, and the real samples next to them."""

from __future__ import annotations

import pytest
import torch

from ganzoo import Spec
from ganzoo.sampling.preview import CELLS, POINTS, classes_in_turn, layout

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("spec", "by_class", "expected"),
    [
        (Spec((1, 28, 28)), False, (CELLS, 8)),
        (Spec((1, 28, 28), classes=10), False, (CELLS, 8)),
        (Spec((1, 28, 28), classes=10), True, (60, 10)),
        (Spec((1, 28, 28), classes=2), True, (16, 2)),
        (Spec((1, 28, 28), classes=47), True, (188, 47)),
        (Spec((2,), classes=8), True, (POINTS, 1)),
    ],
)
def test_layout(spec: Spec, by_class: bool, expected: tuple[int, int]) -> None:
    assert layout(spec, by_class) == expected


def test_labels_go_round() -> None:
    assert classes_in_turn(7, 3, CPU).tolist() == [0, 1, 2, 0, 1, 2, 0]
