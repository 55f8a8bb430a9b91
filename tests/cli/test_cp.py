"""ganzoo cp: a recipe to edit."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.config import locate
from helpers.commands import ganzoo

QUICKSTART = locate.packaged() / "quickstart.toml"


@pytest.mark.parametrize("target", ["mine.toml", "mine"])
def test_a_copy_is_the_same_bytes(tmp_path: Path, target: str) -> None:
    result = ganzoo("cp", "quickstart", str(tmp_path / target))
    copy = tmp_path / "mine.toml"
    assert copy.read_bytes() == QUICKSTART.read_bytes()
    hint = f"for completion in an editor: ganzoo schema --out {tmp_path / 'ganzoo.schema.json'}\n"
    assert result.stdout == f"{copy}\ntrain it with: ganzoo run {copy}\n{hint}"


def test_it_says_no_more_of_editors_where_the_schema_lies(tmp_path: Path) -> None:
    (tmp_path / "ganzoo.schema.json").write_text("{}")
    assert ganzoo("cp", "quickstart", str(tmp_path / "mine.toml")).stdout.count("\n") == 2


def test_into_a_folder(tmp_path: Path) -> None:
    assert ganzoo("cp", "quickstart", str(tmp_path)).exit_code == 0
    assert (tmp_path / "quickstart.toml").read_bytes() == QUICKSTART.read_bytes()


def test_from_a_path(tmp_path: Path) -> None:
    assert ganzoo("cp", str(QUICKSTART), str(tmp_path / "mine.toml")).exit_code == 0


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("precious")
    result = ganzoo("cp", "quickstart", str(mine))
    assert result.exit_code == 2
    assert f"Error: {mine} exists already, and is left as it is. Give another name." in result.stderr
    assert mine.read_text() == "precious"


@pytest.mark.parametrize(
    ("recipe", "target", "says"),
    [
        ("quickstart", "mine.json", "quickstart.toml is TOML; end the copy in .toml too."),
        ("quickstart", "nowhere/mine.toml", "No such file or directory. Give another place."),
        ("quikstart", "mine.toml", "no recipe named 'quikstart'. Did you mean 'quickstart'?"),
    ],
)
def test_what_cannot_be_copied(tmp_path: Path, recipe: str, target: str, says: str) -> None:
    result = ganzoo("cp", recipe, str(tmp_path / target))
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert not list(tmp_path.iterdir())
