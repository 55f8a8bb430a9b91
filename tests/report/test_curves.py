"""Grouping of logged values into charts, and their SVG."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from ganzoo.report import chart, curves
from ganzoo.report.curves import Chart, curve


def test_a_curve_of_many_points_is_means_and_their_range() -> None:
    line = curve("x", [(step, float(step % 2)) for step in range(960)])
    assert len(line.points) == 240
    assert line.points[0] == (1.5, 0.5, 0.0, 1.0)


def test_values_that_are_not_finite_leave_gaps() -> None:
    rows = [{"step": 1, "a": 1.0}, {"step": 2, "a": None, "b": 5}, {"step": 3, "a": float("inf")}]
    assert {name: line.points for name, line in curves.read(rows).items()} == {
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
    charts = curves.charts({line.name: line for line in several})
    assert [(chart.title, [line.name for line in chart.curves]) for chart in charts] == [
        ("Losses", ["critic/adversarial", "generator/adversarial"]),
        ("Losses", ["critic/penalty"]),
        ("Outputs of the discriminator", ["real", "fake_0"]),
        ("gradient/critic", ["gradient/critic"]),
        ("mystery", ["mystery"]),
        ("Speed (images per second)", ["images_per_second"]),
    ]


def test_one_spike_flattens_no_axis() -> None:
    assert curve("x", [(step, 1e6 if step == 3 else step / 200) for step in range(200)]).range[1] < 2


def test_a_chart_goes_from_corner_to_corner_and_has_its_values_as_data() -> None:
    text = str(chart.svg(Chart("t", [curve("up", [(0, 0.0), (100, 1.0)])]), "id"))
    (points,) = re.findall(r'<polyline class="c0" clip-path="url\(#id\)" points="([^"]+)"', text)
    (x0, y0), (x1, y1) = (map(float, point.split(",")) for point in points.split())
    assert (x0, x1) == (chart.LEFT, chart.WIDTH - chart.RIGHT)
    assert y0 > y1  # up is up
    data = json.loads(unescape(re.findall(r'data-chart="([^"]+)"', text)[0]))
    assert data["curves"] == [[[0, 0.0], [100, 1.0]]]


@pytest.mark.parametrize("pairs", [[(5, 2.0)], [(0, 3.0), (9, 3.0)], [(0, 0.0), (1, 0.0)], [(0, 1e-30), (1, 1e30)]])
def test_a_chart_without_extent(pairs: list[tuple[int, float]]) -> None:
    text = str(chart.svg(Chart("t", [curve("x", pairs, level=pairs[0][1])]), "id"))
    assert "nan" not in text and "inf" not in text


def test_names_are_escaped() -> None:
    text = str(chart.svg(Chart('<b>"t', [curve("<script>", [(0, 1.0)])]), "id"))
    assert "<b>" not in text and "<script>" not in text and "&lt;script&gt;" in text
