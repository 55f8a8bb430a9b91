"""Every promise of docs/design/trust.md has a test, and a guard whose removal makes it fail."""

from __future__ import annotations

import ast
import re

import pytest

import guards
from guards import Guard
from helpers.pages import TOP

NAMED = re.findall(r"\| `([^`]+\.py[^`]*)` \|$", (TOP / "docs/design/trust.md").read_text(), re.M)


def test_every_row_is_a_guard_and_every_guard_a_row() -> None:
    assert len(NAMED) > 50
    assert sorted(NAMED) == sorted(guard.test for guard in guards.guards())


@pytest.mark.parametrize("named", NAMED)
def test_every_test_is_there(named: str) -> None:
    file, _, name = named.partition("::")
    tree = ast.parse((TOP / "tests" / file).read_text())
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert not name or name.partition("[")[0] in defined


@pytest.mark.parametrize("guard", guards.guards(), ids=lambda guard: guard.test)
def test_every_guard_can_be_taken_out(guard: Guard) -> None:
    """It stands where the command looks for it, and what is left is Python."""
    ast.parse(guards.without(guard, (TOP / guard.file).read_text()))


def test_a_piece_that_is_not_there_is_told() -> None:
    with pytest.raises(ValueError, match="holds this 0 times"):
        guards.without(Guard("test", "file.py", "old", "new"), "something else")
