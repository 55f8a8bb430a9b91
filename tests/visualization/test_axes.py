"""Axes of charts: pixels, ranges, ticks and labels."""

from __future__ import annotations

import pytest

from ganzoo.visualization import axes
from ganzoo.visualization.axes import Axis


def test_values_map_to_pixels_in_either_direction() -> None:
    assert [Axis(0, 10, 50, 150).pixel(value) for value in (0, 5, 10)] == [50, 100, 150]
    assert [Axis(0, 10, 150, 50).pixel(value) for value in (0, 5, 10)] == [150, 100, 50]


def test_a_single_value_is_in_the_middle() -> None:
    axis = Axis(3, 3, 0, 100)
    assert axis.pixel(3) == 50 and axis.ticks(5) == [3]


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (3.0, 3.0), (0.0, 0.0), (-1e-30, 1e30)])
def test_a_padded_range_is_never_empty(low: float, high: float) -> None:
    bottom, top = axes.padded(low, high)
    assert bottom < low <= high < top


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (-0.13, 0.31, [-0.1, 0, 0.1, 0.2, 0.3]), (50, 300, [50, 100, 150, 200, 250, 300])],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert axes.ticks(low, high, 5) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.1 + 0.2, "0.3"), (1234.6, "1,235"), (-2.5, "-2.5"), (1e-5, "1e-05"), (2.5e6, "2.5e+06")],
)
def test_labels_are_short(value: float, expected: str) -> None:
    assert axes.label(value) == expected
