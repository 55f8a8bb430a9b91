"""Everything that a user can mend has an exit code of its own kind, and one readable message."""

from __future__ import annotations

import click
import pytest

from ganzoo import errors
from ganzoo.errors import GanzooError, did_you_mean

CODES = {
    "GanzooError": 2,
    "RecipeError": 2,
    "Misfit": 2,
    "DataError": 3,
    "Diverged": 4,
    "RunError": 5,
    "EnvironmentProblem": 6,
    "Interrupted": 75,
}
KINDS = {name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, GanzooError)}


def test_every_error_has_the_documented_exit_code() -> None:
    assert {name: kind.exit_code for name, kind in KINDS.items()} == CODES


@pytest.mark.parametrize("kind", KINDS.values())
def test_an_error_is_shown_as_one_line(kind: type[GanzooError], capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def command() -> None:
        raise kind("what is wrong. What to do.")

    with pytest.raises(SystemExit) as ended:
        command([])
    assert ended.value.code == kind.exit_code
    assert capsys.readouterr().err == "Error: what is wrong. What to do.\n"


@pytest.mark.parametrize(
    ("name", "says"),
    [("hinje", " Did you mean 'hinge'?"), ("minmax", " Did you mean 'minimax'?"), ("qqq", ""), ("", "")],
)
def test_near_names(name: str, says: str) -> None:
    assert did_you_mean(name, ["hinge", "minimax"]) == says
