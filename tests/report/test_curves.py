"""Which numbers share a chart, and what a chart draws."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from ganzoo.report import chart, curves
from ganzoo.report.curves import Chart, curve


def test_a_curve_of_many_points_is_means_and_their_range() -> None:
    found = curve("x", [(step, float(step % 2)) for step in range(960)])
    assert len(found.points) == 240
    assert found.points[0] == (1.5, 0.5, 0.0, 1.0)


def test_what_is_not_finite_is_a_gap() -> None:
    rows = [{"step": 1, "a": 1.0}, {"step": 2, "a": None, "b": 5}, {"step": 3, "a": float("inf")}]
    assert {name: one.points for name, one in curves.read(rows).items()} == {
        "a": [(1, 1.0, 1.0, 1.0)],
        "b": [(2, 5.0, 5.0, 5.0)],
    }


def rising(name: str, low: float, high: float) -> curves.Curve:
    return curve(name, [(step, low + (high - low) * step / 9) for step in range(10)])


def test_a_family_has_a_chart_and_a_number_that_would_be_flat_one_of_its_own() -> None:
    several = [
        rising("critic/adversarial", 0, 1),
        rising("generator/adversarial", 2, 3),
        rising("critic/penalty", 0, 0.01),
        rising("real", -1, 1),
        rising("fake_0", -1, 1),
        rising("gradient/critic", 0, 50),
        rising("mystery", 0, 1),
        rising("images_per_second", 1000, 2000),
    ]
    made = curves.charts({one.name: one for one in several})
    assert [(one.title, [curve.name for curve in one.curves]) for one in made] == [
        ("Losses", ["critic/adversarial", "generator/adversarial"]),
        ("Losses", ["critic/penalty"]),
        ("Outputs of the discriminator", ["real", "fake_0"]),
        ("gradient/critic", ["gradient/critic"]),
        ("mystery", ["mystery"]),
        ("Speed (images per second)", ["images_per_second"]),
    ]


def test_one_spike_flattens_no_axis() -> None:
    assert curve("x", [(step, 1e6 if step == 3 else step / 200) for step in range(200)]).range[1] < 2


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (-0.13, 0.31, [-0.1, 0, 0.1, 0.2, 0.3]), (50, 300, [50, 100, 150, 200, 250, 300])],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert chart.ticks(low, high, 5) == pytest.approx(expected)


def test_a_chart_goes_from_corner_to_corner_and_tells_its_values() -> None:
    drawn = str(chart.svg(Chart("t", [curve("up", [(0, 0.0), (100, 1.0)])]), "id"))
    (points,) = re.findall(r'<polyline class="c0" clip-path="url\(#id\)" points="([^"]+)"', drawn)
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points.split())
    assert (x0, x1) == (chart.LEFT, chart.WIDTH - chart.RIGHT)
    assert y0 > y1  # up is up
    told = json.loads(unescape(re.findall(r'data-chart="([^"]+)"', drawn)[0]))
    assert told["curves"] == [[[0, 0.0], [100, 1.0]]]


@pytest.mark.parametrize("pairs", [[(5, 2.0)], [(0, 3.0), (9, 3.0)], [(0, 0.0), (1, 0.0)], [(0, 1e-30), (1, 1e30)]])
def test_what_has_no_extent_has_a_chart(pairs: list[tuple[int, float]]) -> None:
    drawn = str(chart.svg(Chart("t", [curve("x", pairs, level=pairs[0][1])]), "id"))
    assert "nan" not in drawn and "inf" not in drawn


def test_names_are_escaped() -> None:
    drawn = str(chart.svg(Chart('<b>"t', [curve("<script>", [(0, 1.0)])]), "id"))
    assert "<b>" not in drawn and "<script>" not in drawn and "&lt;script&gt;" in drawn
