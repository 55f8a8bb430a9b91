"""The view of a run: trends, what fits, and where a picture is shown."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image
from rich.console import Console

from ganzoo.terminal import dashboard
from ganzoo.terminal.dashboard import Dashboard

ROW = {
    "generator/adversarial": 0.5,
    "real": 1.5,
    "gradient/discriminator": 12345.6,
    "discriminator/adversarial": 1.25,
    "samples/diversity": 0.875,
}


def shown(made: Dashboard, width: int = 80, height: int = 24, **more: Any) -> list[str]:
    """The lines of a terminal without colours' codes."""
    screen = io.StringIO()
    more = {"color_system": "truecolor", **more}
    Console(file=screen, force_terminal=True, width=width, height=height, _environ={}, **more).print(made)
    return re.sub(r"\x1b\[[0-9;]*m", "", screen.getvalue()).splitlines()


def fed(rows: int = 3, names: int = 0) -> Dashboard:
    made = Dashboard(100)
    for t in range(rows):
        made.add(t + 1, {**ROW, "real": float(t), **{f"other_{k}": 0.0 for k in range(names)}}, 10.0)
    return made


def test_a_trend_goes_from_the_lowest_to_the_highest_value() -> None:
    assert dashboard.trend([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert dashboard.trend([-3, 4, float("nan"), float("inf"), -3]) == "▁█  ▁"
    assert dashboard.trend([2, 2]) == "▁▁"
    assert dashboard.trend([]) == ""


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.000"), (-0.125, "-0.125"), (9999.4, "9999.400"), (12345.6, "1.2e+04"), (1e-6, "1e-06")]
)
def test_a_number_has_nine_characters_at_most(value: float, text: str) -> None:
    assert dashboard.number(value) == text
    assert len(dashboard.number(-1.5 * value)) <= 9


def test_losses_stand_first_and_gradients_last_each_with_its_trend() -> None:
    bar, *numbers = shown(fed())
    assert "3/100" in bar and "10 images/s" in bar
    assert [line.split()[:2] for line in numbers] == [
        ["generator", "0.500"],
        ["discriminator", "1.250"],
        ["real", "2.000"],
        ["gradient/discriminator", "1.2e+04"],
        ["samples/diversity", "0.875"],
    ]
    assert numbers[2].split()[2] == "▁▅█"


def test_many_numbers_are_counted_where_they_do_not_fit() -> None:
    lines = shown(fed(names=40), height=13)
    assert len(lines) == 11
    assert lines[-1].split() == ["36", "more"]


@pytest.mark.parametrize("width", [1, 5, 12, 20, 39, 40, 60, 79, 200])
@pytest.mark.parametrize("height", [1, 3, 4, 10, 50])
def test_any_terminal_is_large_enough(width: int, height: int) -> None:
    made = fed(names=5)
    made.picture = Image.new("RGB", (300, 120), "red")
    lines = shown(made, width, height)
    assert len(lines) <= max(1, height)
    assert all(len(line) <= width for line in lines)


def test_a_picture_stands_beside_the_numbers_where_a_terminal_can_show_it() -> None:
    made = fed()
    assert not any("▀" in line for line in shown(made))
    made.picture = Image.new("L", (64, 64), 200)
    assert max(line.count("▀") for line in shown(made)) == 80 - dashboard.LINE - 2
    assert len(shown(made, height=60)) == 1 + (80 - dashboard.LINE - 2 + 1) // 2
    for less in (
        {"width": 60},
        {"height": 8},
        {"no_color": True},
        {"color_system": "standard"},
        {"color_system": None},
    ):
        assert not any("▀" in line for line in shown(made, **less))
