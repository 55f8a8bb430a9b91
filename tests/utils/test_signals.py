"""Signals ask to stop; the step ends, the run is saved. A second Ctrl-C ends at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from ganzoo.errors import Interrupted, RecipeError
from ganzoo.sampling.run import Run
from ganzoo.training.engine import Engine
from ganzoo.utils import output, signals
from ganzoo.utils.signals import STOP_SIGNALS, Ending, StopFlag, ending_at_once
from helpers.commands import ganzoo
from helpers.support import PLUGINS, tiny, toml, train


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_a_signal_raises_the_flag_and_the_old_handlers_come_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with StopFlag() as flag:
        assert not flag
        signal.raise_signal(number)
        assert flag and flag.reason == number.name
    assert signal.getsignal(number) == before


def test_a_second_ctrl_c_interrupts_at_once() -> None:
    with StopFlag():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_second_term_does_not() -> None:
    with StopFlag() as flag:
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGTERM)
        assert flag.reason == "SIGTERM"


def test_a_run_that_is_ended_at_once_keeps_its_checkpoint_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Engine.step

    def interrupted(engine: Engine, data: object, t: int) -> None:
        if t == 7:
            raise KeyboardInterrupt
        step(engine, data, t)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "step", interrupted)
    (tmp_path / "tiny.toml").write_text(toml())
    result = ganzoo("run", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "runs"))
    assert result.exit_code == 130
    run = Run.open(tmp_path / "runs")
    said = f"stopped immediately, after step 7. Go on from step-00000005: ganzoo resume {run.folder}"
    assert result.stderr.splitlines()[-1] == said and "Traceback" not in result.stderr
    assert run.status["state"] == "interrupted"
    assert run.latest.name == "step-00000005"


def test_a_run_that_is_ended_before_anything_is_saved_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "step", interrupted)
    (tmp_path / "tiny.toml").write_text(toml())
    result = ganzoo("run", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "runs"))
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "stopped immediately, after step 0. Nothing is saved."


def test_another_command_that_is_ended_promises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ganzoo.runs.status.reports", interrupted)
    result = ganzoo("runs", str(tmp_path))
    assert (result.exit_code, result.stderr) == (130, "stopped immediately.\n")


def test_ctrl_c_while_python_evaluates_a_text_ends_with_130(tmp_path: Path) -> None:
    """As it does to define dataclasses and named tuples; `python -m` would then end by the signal."""
    (tmp_path / "interrupted.py").write_text(
        "import ganzoo.runs.status as status\n"
        "from ganzoo.cli import cli\n"
        "status.reports = lambda out: exec('raise KeyboardInterrupt')\n"
        "cli(['runs', '.'])"
    )
    command = [sys.executable, "-m", "interrupted"]
    path = os.pathsep.join([str(tmp_path), *sys.path])
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path})
    assert (result.returncode, result.stderr) == (130, "stopped immediately.\n")


@pytest.mark.parametrize("error", [ImportError("numpy"), SystemError("no result"), RecipeError("odd")])
def test_ctrl_c_that_a_library_turns_into_an_error_is_ctrl_c(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise error from None

    monkeypatch.setattr("ganzoo.runs.status.reports", interrupted)
    result = ganzoo("runs", str(tmp_path))
    assert (result.exit_code, result.stderr) == (130, "stopped immediately.\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_what_ends_a_command_lets_it_remove_what_it_has_begun(
    number: signal.Signals, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        with output.new_folder(tmp_path / "new") as new:
            (new.partial / "half").write_text("half")
            try:
                signal.raise_signal(number)
            finally:
                signal.raise_signal(number)  # again, which does not keep it from cleaning up

    monkeypatch.setattr("ganzoo.runs.status.reports", interrupted)
    before = signal.signal(number, signal.SIG_DFL)  # nohup ignores SIGHUP
    try:
        result = ganzoo("runs", str(tmp_path))
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert (result.exit_code, result.stderr) == (code, "stopped immediately.\n")
    assert [*tmp_path.iterdir()] == []


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ganzoo.runs.status.reports", lambda out: signal.raise_signal(signal.SIGHUP) or [])
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert ganzoo("runs", str(tmp_path)).exit_code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_training_that_waits_for_others_is_ended_at_once() -> None:
    with Ending():
        handler = signal.getsignal(signal.SIGTERM)
        with ending_at_once():
            assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
        assert signal.getsignal(signal.SIGTERM) == handler


def test_a_stop_that_was_asked_for_is_no_error_and_leaves_a_grid(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(toml())
    words = ("run.max_time=1s", "run.steps=1000000", "run.sample=999999", "run.log=999999", "run.save=999999")
    result = ganzoo("run", str(tmp_path / "tiny.toml"), *words, "--out", str(tmp_path / "runs"))
    assert result.exit_code == 75
    run = Run.open(tmp_path / "runs")
    step = run.status["step"]
    assert result.stderr.splitlines()[-1].startswith(f"stopped by run.max_time after step {step} of 1000000")
    assert [path.name for path in sorted(run.samples.glob("step-*.png"))] == [
        "step-00000000.png",
        f"step-{step:08d}.png",
    ]


def test_max_time_saves_and_stops(tmp_path: Path) -> None:
    with pytest.raises(Interrupted, match=r"stopped by run\.max_time after step \d+ of 1000000") as caught:
        train(tiny("", "run.max_time=1s", "run.steps=1_000_000"), tmp_path)
    assert caught.value.exit_code == 75
    run = Run.open(tmp_path)
    assert run.status["state"] == "interrupted"
    assert run.latest.name == f"step-{run.status['step']:08d}"


@pytest.mark.parametrize(
    ("written", "seconds"), [("3h50m", 13_800), ("90s", 90), ("1d", 86_400), ("03:50:00", 13_800), ("PT2M", 120)]
)
def test_lengths_of_time(written: str, seconds: int) -> None:
    settings = tiny("", f'run.max_time="{written}"').run
    assert settings.max_time is not None and settings.max_time.total_seconds() == seconds


def test_a_length_of_time_survives_a_resume(tmp_path: Path) -> None:
    run = train(tiny("", "run.max_time=2h", "run.steps=5"), tmp_path)
    again = run.recipe(PLUGINS.zoo, ["run.steps=6"])
    assert again.run.max_time == tiny("", "run.max_time=2h").run.max_time
    assert train(again, tmp_path, run).status["step"] == 6


@pytest.mark.parametrize("wrong", ["soon", "-1h", "0s", "5 hours", '""', "true"])
def test_what_is_no_length_of_time_is_told(wrong: str) -> None:
    with pytest.raises(RecipeError, match="max_time"):
        tiny("", f"run.max_time={wrong}")


def test_a_deadline_leaves_code_that_catches_everything() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeoutError, match="not done after 0 s"), signals.deadline(0.05):
        while True:
            with suppress(Exception):
                time.sleep(1)
    assert signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_what_ends_before_its_deadline_is_left_alone() -> None:
    with signals.deadline(0.05):
        pass
    time.sleep(0.1)
