"""The time of a few steps: measured on a clock that each step moves by as much as the test says."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from torch import nn

from ganzoo.training import dry_run, forecast
from ganzoo.training.forecast import GRIDS, Forecast
from ganzoo.training.session import Session
from helpers.support import tiny


def timed(durations: Iterator[float], patience: float, monkeypatch: pytest.MonkeyPatch) -> tuple[Forecast, int]:
    """Return the forecast of 100 steps that take these seconds, and how many were trained."""
    recipe = tiny("", "run.steps=100", "run.threads=1")
    clock, count = [0.0], [0]

    def step(self: Session, t: int) -> None:
        clock[0] += next(durations)
        count[0] += 1

    monkeypatch.setattr(Session, "step", step)
    for module in (dry_run, forecast):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    return dry_run.time_steps(recipe, Session(recipe, Accelerator(cpu=True)), 2.0, patience), count[0]


def every(seconds: float, first: float = 0.0) -> Iterator[float]:
    yield first or seconds
    while True:
        yield seconds


def test_steps_are_timed_for_two_seconds_without_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    told, count = timed(every(0.5, first=30.0), math.inf, monkeypatch)
    assert (told.step_seconds, told.steps, count) == (0.5, 100, 5)
    (grids, checkpoints) = told.occasions
    assert (grids.name, grids.seconds, checkpoints.seconds) == (GRIDS, 0.0, 0.0)


def test_what_is_too_slow_is_given_up_after_two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    told, count = timed(iter([9.0, 9.0, 8.0]), 1.0, monkeypatch)
    assert (told.step_seconds, count) == (8.0, 3)


def test_one_step_that_was_held_up_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told, count = timed(iter([0.5, 1.5, 0.3, 0.3]), 1.0, monkeypatch)
    assert (told.step_seconds, count) == (pytest.approx(0.7), 4)


@pytest.mark.parametrize(("peak", "expected"), [(10**9, 10**9), (500, 1000 + 2 * 8 * 30)], ids=["steps", "checkpoint"])
def test_the_peak_is_that_of_the_first_steps_or_of_writing_a_checkpoint(
    peak: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint copies its largest file twice: here the two numbers that Adam has of each of 30 weights."""
    network = nn.Linear(30, 1, bias=False)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 30)).sum().backward()
    optimizer.step()
    for values in optimizer.state.values():
        values.pop("step")
    accelerator = SimpleNamespace(device=torch.device("cpu"))
    engine = SimpleNamespace(accelerator=accelerator, optimizers={"generator": optimizer})
    monkeypatch.setattr("ganzoo.training.memory.peak_bytes", lambda: peak)
    process = SimpleNamespace(memory_info=lambda: SimpleNamespace(rss=1000))
    monkeypatch.setattr(dry_run, "psutil", SimpleNamespace(Process=lambda: process))
    session: Any = SimpleNamespace(procedure=network, engine=engine)
    assert dry_run._peak_bytes(session) == expected


def test_steps_that_never_end_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_run, "LIMIT", 0.5)
    measured, remarks = dry_run.measure(tiny("", "procedure.d_steps=1_000_000_000"), 0)
    assert measured == {"time": None, "peak_bytes": None}
    assert remarks == [
        "no step was timed: the first ones take more than 0.5 s. Does a setting ask for many repetitions?"
    ]
