"""Progress as plain lines on stderr, or as a bar in a terminal."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from ganzoo.terminal import progress
from ganzoo.terminal.progress import ProgressDisplay

VALUES = {"discriminator/adversarial": 1.25, "discriminator/r1": 0.5, "generator/adversarial": -0.125}


def test_numbers_on_one_line_of_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(100, 0) as display:
        display.update(100, VALUES, 1234.5)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == ("step 100/100  discriminator 1.250  discriminator/r1 0.500  generator -0.125  1234 images/s\n")


def test_what_the_numbers_mean_is_said_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY", -1)
    with ProgressDisplay(3, 0) as display:
        display.update(1, {"told_apart": 0.5}, 1.0)
        display.update(2, {"told_apart": 0.5, "d_accuracy": 0.5}, 1.0)
        display.update(3, {"told_apart": 0.5, "d_accuracy": 0.5}, 1.0)
    lines = [line.partition(" ")[0] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["told_apart:", "step", "d_accuracy:", "step", "step"]


def test_lines_are_some_time_apart_and_the_last_one_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter(range(100, 200))  # a second from one look to the next
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(progress, "PLAIN_EVERY", 5)
    with ProgressDisplay(20, 0) as display:
        for t in range(1, 21):
            display.update(t, {}, 1.0)
    steps = [int(line.split()[1].split("/")[0]) for line in capsys.readouterr().err.splitlines()]
    assert steps[0] == 1 and steps[-1] == 20
    assert 3 <= len(steps) < 8


def test_text_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = "folder [red]/with[/] brackets " + "and a very long name " * 20
    ProgressDisplay(10, 0).say(text)
    assert capsys.readouterr().err == text + "\n"


def test_a_terminal_gets_a_bar_that_starts_where_a_resumed_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()

    def terminal(**more: object) -> Console:
        return Console(file=screen, force_terminal=True, width=160, _environ={})

    monkeypatch.setattr(progress, "Console", terminal)
    with ProgressDisplay(100, 40) as display:
        assert display._live is not None
        assert display.dashboard.bar.tasks[0].completed == 40
        display.update(60, VALUES, 10.0)
        assert display.dashboard.bar.tasks[0].completed == 60
    assert "60/100" in screen.getvalue()
    assert "generator -0.125" in screen.getvalue()


class Closed(io.StringIO):
    """A stream that nobody reads any more."""

    def __init__(self, error: OSError):
        super().__init__()
        self.error = error

    def write(self, text: str) -> int:
        raise self.error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
@pytest.mark.parametrize("terminal", [False, True])
def test_when_nobody_can_read_it_falls_silent(terminal: bool, error: OSError) -> None:
    with ProgressDisplay(10, 0) as display:
        display.console = type(display.console)(file=Closed(error), force_terminal=terminal)
        display.say("hello")
        assert display.console.quiet
        display.say("again")
        display.update(10, VALUES, 1.0)


def test_a_grid_stands_in_the_terminal_and_one_that_is_missing_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()

    def terminal(**more: object) -> Console:
        return Console(file=screen, force_terminal=True, width=100, height=30, color_system="truecolor", _environ={})

    monkeypatch.setattr(progress, "Console", terminal)
    Image.new("RGB", (20, 20), "red").save(tmp_path / "grid.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with ProgressDisplay(100, 0) as display:
        display.update(10, VALUES, 1.0)
        for name in ("missing.png", "broken.png"):
            display.picture(tmp_path / name)
        assert "▀" not in screen.getvalue()
        display.picture(tmp_path / "grid.png")
        assert screen.getvalue().count("▀") >= 20 * 10
        display.clear()


def test_gradients_and_diversity_do_not_lengthen_a_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(1, 0) as display:
        display.update(1, {"a/b": 1.0, "real": 2.0, "gradient/a": 3.0, "samples/diversity": 4.0}, 5.0)
    assert capsys.readouterr().err == "step 1/1  a/b 1.000  real 2.000  5 images/s\n"


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds that are hundredths."""
    monkeypatch.setattr(progress, "TICK", 0.01)
    monkeypatch.setattr(progress, "PLAIN_EVERY", 0.1)
    monkeypatch.setattr(progress, "PATIENCE", 0.02)


@pytest.mark.usefixtures("fast")
def test_a_line_comes_though_nothing_is_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(1000, 40) as display, display.keep_moving():
        with display.activity("preparing"):
            time.sleep(0.25)
        time.sleep(0.25)  # the first step is slow
        display.step(41)
        time.sleep(0.15)
        display.step(43)
        time.sleep(0.25)
    lines = lines_of(capsys)
    assert 4 <= len(lines) <= 10
    assert lines[0] == "step 40/1000  preparing: 0 s so far"
    assert "step 40/1000  0 s in the first step" in lines
    assert re.fullmatch(r"step 43/1000  (\d steps/s|[\d.]+ s a step)", lines[-1])


def test_an_activity_within_another_is_left_out_of_the_time_of_the_steps_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    display = ProgressDisplay(1000, 40)
    display._began_at = now[0]
    with display.activity("grids"):
        with display.activity("grids"):
            now[0] += 60
            assert display._activity() == "grids: 60 s so far"
        now[0] += 10
        assert display._activity() == "grids: 70 s so far"
    now[0] += 5
    assert display._activity() == "5 s in the first step"


@pytest.mark.usefixtures("fast")
def test_a_terminal_moves_though_nothing_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        progress, "Console", lambda **_: Console(file=screen, force_terminal=True, width=160, _environ={})
    )
    with ProgressDisplay(1000, 0) as display, display.keep_moving():
        display.step(7)
        time.sleep(0.1)
        display.step(8)
        time.sleep(0.1)
    assert "7/1000" in screen.getvalue() and "8/1000" in screen.getvalue()


@pytest.mark.usefixtures("fast")
def test_logged_lines_are_not_kept_back_by_signs_of_life(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(1000, 0) as display, display.keep_moving():
        for t in range(1, 6):
            display.step(t)
            display.update(t, VALUES, 1.0)
            time.sleep(0.15)
    assert len([line for line in lines_of(capsys) if "generator" in line]) == 5


@pytest.mark.usefixtures("fast")
def test_what_is_waited_for_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.waiting("reading the data"):
        pass
    assert lines_of(capsys) == []
    with progress.waiting("reading the data"):
        time.sleep(0.3)
    lines = lines_of(capsys)
    assert lines[0] == "reading the data: 0 s so far" and 2 <= len(lines) <= 4


def test_what_is_counted_is_shown(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PLAIN_EVERY", -1)
    with progress.Counter("samples", 50_000) as counter:
        counter.show(2_000)
    assert lines_of(capsys) == ["2,000 of 50,000 samples"]
