"""The built-in plugins keep the promises that ganzoo.testing asks of anybody's."""

from __future__ import annotations

import pytest

from ganzoo import testing

SETTINGS = {f"dataset {name}": {"path": "."} for name in ("folder", "npz", "pairs", "text")}


@pytest.mark.parametrize("check", testing.checks("ganzoo", settings=SETTINGS), ids=str)
def test_keeps_its_promises(check: testing.Check) -> None:
    check()
