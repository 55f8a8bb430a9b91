"""The built-in plugins keep the promises that ganzoo.testing asks of anybody's."""

from __future__ import annotations

import pytest

from ganzoo import testing


@pytest.mark.parametrize("check", testing.checks("ganzoo"), ids=str)
def test_keeps_its_promises(check: testing.Check) -> None:
    check()
