"""The number of threads of a run: what may be chosen, what is timed, recorded and said, and what decides the bits."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ganzoo.config.recipe import RunSettings
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.training import dry_run, forecast
from ganzoo.training import threads as module
from ganzoo.training.session import Session
from ganzoo.training.threads import LINES, Threads, options
from ganzoo.utils import distributed, openmp
from helpers.support import CONDITIONAL, PLUGINS, accelerator, tiny, train, weights_hash

CPU, GPU = torch.device("cpu"), torch.device("cuda")
WIDE = """
[generator]
use = "mlp"
z_dim = 4
hidden = [256, 256]
"""  # batch norm of 256 values, whose sums depend on the number of threads


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine with two cores and no OMP_NUM_THREADS."""
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(openmp, "cores", lambda: 2)
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def on_cores(monkeypatch: pytest.MonkeyPatch, cores: int, default: int, limit: str = "") -> None:
    monkeypatch.setattr(openmp, "cores", lambda: cores)
    monkeypatch.setattr(torch, "get_num_threads", lambda: default)
    monkeypatch.setenv("OMP_NUM_THREADS", limit)


@pytest.mark.parametrize(
    ("cores", "default", "settings", "expected"),
    [
        (1, 1, {}, [1]),
        (2, 2, {}, [1, 2]),
        (6, 6, {}, [1, 2, 4, 6]),
        (16, 16, {}, [1, 2, 4, 8, 16]),
        (16, 3, {}, [1, 2, 3]),  # OMP_NUM_THREADS, or torch.set_num_threads() in a program
        (2, 64, {}, [1, 2]),  # a container with a quota
        (16, 16, {"threads": 3}, [3]),
        (2, 2, {"threads": 4}, [4]),
        (16, 16, {"deterministic": True}, [1]),
        (16, 16, {"compile": True}, [16]),
    ],
)
def test_options(
    cores: int, default: int, settings: dict[str, Any], expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_cores(monkeypatch, cores, default)
    assert options(RunSettings(**settings), CPU) == expected


def test_a_gpu_leaves_the_number_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    on_cores(monkeypatch, 16, 12)
    assert options(RunSettings(), GPU) == [12]
    assert options(RunSettings(threads=3), GPU) == [3]


@pytest.mark.parametrize(("here", "expected"), [(2, [8]), (3, [5]), (32, [1])])
def test_several_processes_share_the_cores(here: int, expected: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    on_cores(monkeypatch, 16, 16)
    monkeypatch.setattr(distributed, "world_size", lambda: 32)
    monkeypatch.setattr(distributed, "local_world_size", lambda: here)
    assert options(RunSettings(), CPU) == expected


def test_omp_num_threads_is_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    on_cores(monkeypatch, 16, 2, limit="2")
    assert Threads(RunSettings(threads=4), CPU).number == 2
    remark = "run.threads is 4, but OMP_NUM_THREADS=2 allows no more than 2 threads"
    assert Threads(RunSettings(threads=4), CPU).remark == remark
    assert Threads(RunSettings(threads=2), CPU).remark == ""
    assert Threads(RunSettings(), CPU).remark == ""


class Clock:
    """A clock that a test sets, and steps that take a given time by the number of threads in use."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.now = 0.0
        self.set: list[int] = [2]
        monkeypatch.setattr(torch, "set_num_threads", self.set.append)

    def __call__(self) -> float:
        return self.now

    def step(self, threads: Threads, seconds: dict[int, float]) -> str:
        with threads.timed():
            self.now += seconds[self.set[-1]]
        return threads.news()


@pytest.fixture
def clock(two_cores: None, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


QUIET, BUSY = {1: 0.025, 2: 0.018}, {1: 0.022, 2: 0.060}


def test_lines_for_the_user(clock: Clock) -> None:
    with Threads(RunSettings(), CPU, clock) as threads:
        assert threads.number == "1 to 2, chosen by measuring"
        told = [news for _ in range(100) if (news := clock.step(threads, QUIET))]
        assert told == ["a step takes 25 ms with 1 thread, 18 ms with 2 threads: training with 2 threads"]
        told = [news for _ in range(100) if (news := clock.step(threads, BUSY))]
        assert len(told) == 1 and told[0].startswith("a step takes 22 ms with 1 thread, ")
        assert told[0].endswith(" ms with 2 threads: training with 1 thread")
    assert clock.set[-1] == 2, "as before the run"


def test_what_happens_between_steps_does_not_count(clock: Clock) -> None:
    """Sampling, saving and evaluation: here a second each time."""
    with Threads(RunSettings(), CPU, clock) as threads:
        chosen = set()
        for step in range(2000):
            clock.step(threads, QUIET)
            clock.now += 1.0 if step % 3 == 0 else 0.0
            if threads.settled:
                chosen.add(threads.policy.chosen)
    assert chosen == {2}


def test_changes_beyond_a_few_are_not_said(clock: Clock) -> None:
    told = []
    with Threads(RunSettings(), CPU, clock) as threads:
        for step in range(200_000):
            told.append(clock.step(threads, QUIET if step % 20_000 < 10_000 else BUSY))
    told = [line for line in told if line]
    assert len(told) == LINES
    assert told[-1].endswith("; later changes are only recorded")


def test_the_number_of_before_is_back_after_an_error(two_cores: None) -> None:
    with pytest.raises(ZeroDivisionError), Threads(RunSettings(), CPU) as threads:
        assert torch.get_num_threads() == 1
        with threads.timed():
            raise ZeroDivisionError
    assert torch.get_num_threads() == 2


def test_a_run_records_the_number_and_restores_it(
    two_cores: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = train(tiny("", "run.steps=8", "run.log=2"), tmp_path)
    assert torch.get_num_threads() == 2
    assert begun.provenance["threads"] == "1 to 2, chosen by measuring"
    assert begun.resolved["recipe"]["run"]["threads"] == "auto"
    assert {row["threads"] for row in begun.metrics()} <= {1, 2}
    before = threads_of(begun)
    assert before in (1, 2)
    train(begun.recipe(PLUGINS.zoo, ["run.steps=10"]), tmp_path, begun)
    told = f"resumed, but not bit for bit: threads was {before}, is 1 to 2, chosen by measuring"
    assert told in capsys.readouterr().err


def threads_of(run: Run) -> int:
    number: int = checkpoint.read(run.latest).states["state"]["surroundings"]["threads"]
    return number


def test_fixed_numbers_are_recorded_and_may_change_on_resume(
    two_cores: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = train(tiny("", "run.steps=4", "run.threads=2"), tmp_path)
    assert (threads_of(begun), begun.provenance["threads"]) == (2, 2)
    assert all("threads" not in row for row in begun.metrics())
    train(begun.recipe(PLUGINS.zoo, ["run.steps=6"]), tmp_path, begun)
    assert "not bit for bit" not in capsys.readouterr().err
    train(begun.recipe(PLUGINS.zoo, ["run.steps=8", "run.threads=1"]), tmp_path, begun)
    assert "resumed, but not bit for bit: threads was 2, is 1" in capsys.readouterr().err
    assert threads_of(begun) == 1


RECIPES = [pytest.param(WIDE, id="batch norm"), pytest.param(CONDITIONAL, id="conditional")]


@pytest.mark.parametrize("text", RECIPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_number_gives_the_same_bits_whatever_was_set_before(
    text: str, threads: int, two_cores: None, tmp_path: Path
) -> None:
    recipe = tiny(text, "run.steps=5", "run.batch_size=64", f"run.threads={threads}")
    hashes = set()
    for before in (1, 2):
        torch.set_num_threads(before)
        hashes.add(weights_hash(train(recipe, tmp_path)))
    assert len(hashes) == 1


@pytest.mark.parametrize("text", RECIPES)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_resumed_run_has_the_same_bits_with_the_same_number(
    text: str, threads: int, two_cores: None, tmp_path: Path
) -> None:
    settings = ("run.batch_size=64", f"run.threads={threads}")
    straight = train(tiny(text, "run.steps=7", *settings), tmp_path / "straight")
    begun = train(tiny(text, "run.steps=3", *settings), tmp_path / "parts")
    train(begun.recipe(PLUGINS.zoo, ["run.steps=7"]), tmp_path, begun)
    assert weights_hash(begun) == weights_hash(straight)


def test_the_number_decides_the_bits_of_batch_norm(two_cores: None, tmp_path: Path) -> None:
    """Otherwise the two tests above could not fail."""
    one, two = (train(tiny(WIDE, "run.steps=5", "run.batch_size=64", f"run.threads={n}"), tmp_path) for n in (1, 2))
    assert weights_hash(one) != weights_hash(two)


def test_choosing_repeats_no_step_and_draws_no_random_number(
    two_cores: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that chooses has the bits of a fixed one, if the number stays the same in truth."""
    fixed = train(tiny(WIDE, "run.steps=30", "run.threads=1"), tmp_path)
    seen: list[int] = []
    torch.set_num_threads(1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(torch, "set_num_threads", seen.append)
    monkeypatch.setattr(module, "ThreadPolicy", Alternating)
    chosen = train(tiny(WIDE, "run.steps=30"), tmp_path)
    assert len(seen) > 20, "the number was set again and again"
    assert weights_hash(chosen) == weights_hash(fixed)
    assert json.loads((chosen.latest / "state.json").read_text())["step"] == 30


class Alternating(module.ThreadPolicy):
    """Uses another number for every step."""

    def report(self, seconds: float) -> None:
        before = self.threads
        super().report(seconds)
        self.threads = 3 - before


@pytest.mark.parametrize(("patience", "seconds", "steps"), [(math.inf, 3.0, 9), (4.0, 3.0, 9), (2.0, 5.0, 3)])
def test_a_training_is_timed_with_the_number_that_it_would_choose(
    patience: float, seconds: float, steps: int, two_cores: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps of 5 s with one thread and 3 s with two: six to choose by, and three that are timed.

    With a patience of 2 s even two threads cannot be fast enough.
    """
    recipe = tiny("", "run.steps=100")
    session = Session(recipe, accelerator())
    now, taken = [0.0], []

    def step(t: int) -> None:
        taken.append(torch.get_num_threads())
        now[0] += {1: 5.0, 2: 3.0}[taken[-1]]

    monkeypatch.setattr(session, "step", step)
    monkeypatch.setattr(dry_run, "Threads", lambda settings, device: Threads(settings, device, lambda: now[0]))
    for module_with_clock in (forecast, dry_run):
        monkeypatch.setattr(module_with_clock, "time", SimpleNamespace(monotonic=lambda: now[0]))
    assert dry_run.time_steps(recipe, session, patience=patience).step_seconds == seconds
    assert taken == [1, 1, 1, 1, 2, 2, 2, 2, 2][:steps]
    assert torch.get_num_threads() == 2
