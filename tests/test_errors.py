"""Everything that a user can mend has an exit code of its own kind, and one readable message."""

from __future__ import annotations

import click
import pytest

from ganzoo import errors
from ganzoo.cli import LazyGroup, cli
from ganzoo.errors import MESSAGE_LINES, MESSAGE_WIDTH, GanzooError, did_you_mean, one_line

CODES = {
    "GanzooError": 2,
    "RecipeError": 2,
    "IncompatibleError": 2,
    "DataError": 3,
    "DivergedError": 4,
    "RunError": 5,
    "SetupError": 6,
    "ConformanceError": 6,
    "Interrupted": 75,
    "Aborted": 130,
}
KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, GanzooError)}


def test_every_error_has_the_documented_exit_code() -> None:
    assert {name: kind.exit_code for name, kind in KINDS.items()} == CODES


@pytest.mark.parametrize("kind", KINDS.values())
def test_an_error_is_shown_as_one_line(
    kind: type[GanzooError], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    @click.command()
    def command() -> None:
        raise kind("what is wrong. What to do.")

    monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)
    with pytest.raises(SystemExit) as ended:
        cli(["run"])
    assert ended.value.code == kind.exit_code
    asked_for = kind.__name__ in ("Interrupted", "Aborted")  # a stop that was asked for is no error
    assert capsys.readouterr().err == f"{'' if asked_for else 'Error: '}what is wrong. What to do.\n"


@pytest.mark.parametrize(
    ("name", "says"),
    [("hinje", " Did you mean 'hinge'?"), ("minmax", " Did you mean 'minimax'?"), ("qqq", ""), ("", "")],
)
def test_near_names(name: str, says: str) -> None:
    assert did_you_mean(name, ["hinge", "minimax"]) == says


def test_control_characters_are_shown_and_not_obeyed() -> None:
    message = GanzooError("no loss \x1b[2J\x07 \u202e \ud800 \r named 'é'.\nSee `ganzoo list`.").message
    assert message == "no loss \\x1b[2J\\x07 \\u202e \\ud800 \\r named 'é'.\nSee `ganzoo list`."


def test_a_long_line_keeps_its_start_and_its_end() -> None:
    message = GanzooError(f"start {'x' * 100_000} end").message
    assert message.startswith("start x") and message.endswith("x end")
    assert len(message) <= MESSAGE_WIDTH + len(" ... ")


def test_lines_beyond_a_screenful_are_counted() -> None:
    lines = GanzooError("\n".join(map(str, range(MESSAGE_LINES + 5)))).message.split("\n")
    assert lines == [*map(str, range(MESSAGE_LINES)), "... and 5 more lines"]


def test_a_name_within_a_message_stays_on_its_line() -> None:
    assert one_line("a\nb\tc") == "a\\nb\\tc"
