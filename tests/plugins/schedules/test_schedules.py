"""The schedules at points where their value is known."""

import math

import pytest

from ganzoo.config.component import Blueprint
from ganzoo.registry.discovery import load

ZOO = load().zoo


def schedule(name, **settings):
    return ZOO.find("schedule", name).load()(**settings)


def test_constant():
    assert [schedule("constant")(t, 10) for t in (0, 5, 9)] == [1.0, 1.0, 1.0]


def test_linear():
    assert [schedule("linear")(t, 4) for t in range(5)] == [1.0, 0.75, 0.5, 0.25, 0.0]


def test_linear_with_a_late_start_and_an_end():
    """Constant for half of the run, then down: what pix2pix and CycleGAN do."""
    late = schedule("linear", start=0.5, end=0.2)
    assert [late(t, 8) for t in range(9)] == pytest.approx([1, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2])


def test_cosine():
    values = [schedule("cosine")(t, 4) for t in range(5)]
    assert values == pytest.approx([1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2, 0])
    assert schedule("cosine", end=0.1)(4, 4) == pytest.approx(0.1)


def test_exponential_is_the_schedule_of_the_first_gan():
    """Learning rate 0.1, divided by 1.000004 at each update, down to 1e-6."""
    decay = schedule("exponential")
    assert decay(0, 1) == 1.0
    assert 0.1 * decay(1, 1) == pytest.approx(0.1 / 1.000004, rel=1e-12)
    assert 0.1 * decay(100_000, 1) == pytest.approx(0.0670, abs=5e-5)
    assert 0.1 * decay(10_000_000, 1) == pytest.approx(1e-6)


def test_exponential_settings():
    assert [schedule("exponential", decay=0.5, floor=0.2)(t, 9) for t in range(4)] == [1.0, 0.5, 0.25, 0.2]


def test_step_halves_the_rate_at_intervals_down_to_a_floor():
    assert [schedule("step", every=2, floor=0.2)(t, 99) for t in range(8)] == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2]
    assert [schedule("step")(t, 1) for t in (0, 99_999, 100_000, 250_000)] == [1, 1, 0.5, 0.25]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("step", {"every": 0}),
        ("linear", {"start": 1.0}),
        ("linear", {"end": -0.1}),
        ("exponential", {"decay": 1.5}),
        ("cosine", {"end": "0"}),
    ],
)
def test_settings_out_of_range_are_refused(name, settings):
    assert len(Blueprint(ZOO.find("schedule", name), settings).problems()) == 1
