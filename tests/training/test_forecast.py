"""The forecast of a training's time: exact on a clock that the test sets, told once, and again when it changes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ganzoo.runs import status
from ganzoo.training import forecast
from ganzoo.training.forecast import CHECKPOINTS, GRIDS, SCORES, Forecast, Occasion, Stopwatch, due, duration
from ganzoo.training.recorder import Recorder
from ganzoo.training.session import Session
from helpers.support import tiny, train

CPU = torch.device("cpu")


class Clock:
    """time.monotonic() that stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=clock.monotonic))
    yield clock


def run(watch: Stopwatch, clock: Clock, steps: range, seconds: float) -> dict[int, Forecast]:
    """Make steps of this length; return what news() tells, by step."""
    told = {}
    for t in steps:
        clock.now += seconds
        if news := watch.news(t):
            told[t] = news
    return told


def test_even_steps_are_forecast_to_the_second_after_two_seconds(clock: Clock) -> None:
    told = run(Stopwatch(1001, {}, CPU), clock, range(1, 1001), 0.5)
    assert list(told) == [5]  # the first is not measured, four take two seconds
    assert told[5].steps == 996
    assert told[5].seconds == pytest.approx(996 * 0.5)
    assert str(told[5]) == "8 min: 996 steps of 0.5 s"


def test_the_seconds_left_pass_between_two_forecasts(clock: Clock) -> None:
    watch = Stopwatch(1001, {}, CPU)
    assert watch.seconds_left() is None
    run(watch, clock, range(1, 6), 0.5)
    assert watch.seconds_left() == pytest.approx(996 * 0.5)
    clock.now += 98
    assert watch.seconds_left() == pytest.approx(400)
    clock.now += 500
    assert watch.seconds_left() == 0


@pytest.mark.parametrize(("setting", "hours"), [("run.max_time=1h", 1), ("run.max_time=9h", 2), ("run.log=1", 2)])
def test_a_run_writes_when_it_expects_to_end(
    setting: str, hours: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Stopwatch, "seconds_left", lambda watch: 7200.0)
    written = list[tuple[str, Any]]()
    monkeypatch.setattr(status, "write", lambda folder, state, step, **more: written.append((state, more.get("ends"))))
    train(tiny("", "run.steps=2", setting), tmp_path)
    left = {
        state: (datetime.fromisoformat(ends) - datetime.now(UTC)).total_seconds() for state, ends in written if ends
    }
    assert {*left} == {"running"}
    assert 3600 * hours - 60 < left["running"] <= 3600 * hours


def test_the_first_step_is_not_measured(clock: Clock) -> None:
    watch = Stopwatch(100, {}, CPU)
    clock.now += 60
    assert watch.news(1) is None
    (news,) = run(watch, clock, range(2, 5), 1.0).values()
    assert news.step_seconds == pytest.approx(1.0)


def test_slow_steps_are_measured_one_by_one(clock: Clock) -> None:
    told = run(Stopwatch(1000, {}, CPU), clock, range(1, 5), 30.0)
    assert (min(told), told[2].seconds) == (2, pytest.approx(998 * 30))


def test_grids_checkpoints_and_scores_are_counted_and_kept_apart_from_steps(clock: Clock) -> None:
    watch = Stopwatch(100, {GRIDS: 30, CHECKPOINTS: 50, SCORES: 50}, CPU)
    with watch.timed(GRIDS):
        clock.now += 10
    clock.now += 1
    watch.step(1)
    clock.now += 1
    assert watch.step(2) is None
    with watch.timed(SCORES):
        clock.now += 40
    clock.now += 1
    assert watch.step(3) is None  # two seconds of steps, and too few of them
    clock.now += 1
    told = watch.step(4)
    assert told
    assert told.step_seconds == pytest.approx(1.0)
    assert told.occasions == (Occasion(GRIDS, 4, 10.0), Occasion(CHECKPOINTS, 2, 0.0), Occasion(SCORES, 2, 40.0))
    assert told.seconds == pytest.approx(96 + 4 * 10 + 2 * 40)
    assert str(told) == "4 min: 96 steps of 1 s, 4 grids of 10 s, 2 scores of 40 s"


def test_what_was_not_measured_is_said() -> None:
    assert str(Forecast(100, 1.0, (Occasion(SCORES, 3, None),))) == "2 min: 100 steps of 1 s, without 3 scores"
    assert str(Forecast(100, 1.0, (Occasion(GRIDS, 3, 0.1),))) == "2 min: 100 steps of 1 s"  # too little to name


def test_a_training_of_seconds_is_not_announced(clock: Clock) -> None:
    assert run(Stopwatch(40, {}, CPU), clock, range(1, 41), 0.5) == {}


def test_a_pace_that_changes_is_told_again_and_one_that_wavers_is_not(clock: Clock) -> None:
    watch = Stopwatch(10_000, {}, CPU)
    assert list(run(watch, clock, range(1, 100), 0.5)) == [5]
    assert run(watch, clock, range(100, 200), 0.6) == {}
    told = run(watch, clock, range(200, 500), 1.5)
    assert len(told) == 1
    assert next(iter(told.values())).step_seconds > 1


def test_after_a_return_to_an_earlier_step_measuring_begins_anew(clock: Clock) -> None:
    watch = Stopwatch(1000, {}, CPU)
    run(watch, clock, range(1, 4), 0.5)
    clock.now += 100
    assert watch.news(2) is None
    told = run(watch, clock, range(3, 7), 0.5)
    assert told[6].step_seconds == pytest.approx(0.5)


@pytest.mark.parametrize(("t", "steps", "every"), [(0, 10, 3), (3, 10, 3), (4, 9, 3), (9, 10, 20), (10, 10, 3)])
def test_due_counts_what_the_loop_does(t: int, steps: int, every: int) -> None:
    assert due(t, steps, every) == sum(s % every == 0 or s == steps for s in range(t + 1, steps + 1))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 s"),
        (89, "89 s"),
        (90, "2 min"),
        (14 * 60, "14 min"),
        (5400, "1 h 30 min"),
        (7200, "2 h"),
        (12000, "3 h 20 min"),
        (48 * 3600, "2 days"),
        (53 * 3600, "2 days 5 h"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_run_tells_its_time_at_its_start_and_how_to_shorten_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Steps of 1,000 seconds by the clock; the last of 12 ends the run."""
    step = Session.step

    def slow(self: Session, t: int) -> None:
        step(self, t)
        clock.now += 1000

    monkeypatch.setattr(Session, "step", slow)
    train(tiny(), tmp_path)
    lines = capsys.readouterr().err.splitlines()
    at = lines.index("about 2 h 47 min: 10 steps of 17 min")
    assert lines[at + 1] == "for a training of an hour: run.steps=3"


def test_the_recorder_measures_grids_and_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[str] = []
    timed = Recorder.timed

    def noted(self: Recorder, occasion: str) -> object:
        measured.append(occasion)
        return timed(self, occasion)

    monkeypatch.setattr(Recorder, "timed", noted)
    train(tiny(), tmp_path)  # 12 steps, a grid every 6, a checkpoint every 5
    assert [measured.count(name) for name in (GRIDS, CHECKPOINTS, SCORES)] == [3, 3, 0]


def test_forecasts_are_finite(clock: Clock) -> None:
    """A clock that does not move between two steps."""
    watch = Stopwatch(10, {}, CPU)
    assert [watch.news(t) for t in range(1, 10)] == [None] * 9
    assert math.isfinite(Forecast(5, 0.0).seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0994, "99 ms"), (0.0999, "0.1 s"), (0.21, "0.21 s"), (99.4, "99 s"), (99.6, "100 s"), (1500.0, "25 min")],
)
def test_times_are_written_without_powers_of_ten(seconds: float, text: str) -> None:
    assert text in str(Forecast(100, seconds, ()))
