"""Layout of sample grids, and the real samples next to them."""

from __future__ import annotations

import pytest
import torch

from ganzoo import Spec
from ganzoo.sampling import preview
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
        (Spec((1, 28, 28), classes=64), True, (256, 64)),
        (Spec((1, 28, 28), classes=600), True, (128, 16)),
        (Spec((1, 28, 28), classes=2025), True, (128, 16)),
        (Spec((1, 28, 28), classes=2025), False, (CELLS, 8)),
        (Spec((2,), classes=8), True, (POINTS, 1)),
    ],
)
def test_layout(spec: Spec, by_class: bool, expected: tuple[int, int]) -> None:
    assert layout(spec, by_class) == expected


def test_of_many_classes_a_grid_shows_some_evenly_spaced_and_says_so() -> None:
    spec = Spec((1, 28, 28), classes=2025)
    shown = preview.shown_classes(spec)
    assert len(shown) == 16 and preview.labels(spec, 20).tolist() == [*shown, *shown[:4]]
    assert shown[:3] == [0, 126, 253] and shown[-1] == 1898
    assert preview.remark(spec, True) == "sample grids show 16 of 2,025 classes, evenly spaced"
    assert preview.remark(spec, False) == preview.remark(Spec((1, 28, 28), classes=64), True) == ""
    assert preview.labels(Spec((2,), classes=600), 601).tolist() == [*range(600), 0]


def test_labels_go_round() -> None:
    assert classes_in_turn(7, 3, CPU).tolist() == [0, 1, 2, 0, 1, 2, 0]
