"""The public API does not change by accident."""

from __future__ import annotations

from pathlib import Path

import ganzoo
from helpers import surface

RECORD = Path(__file__).with_name("public_api.txt")


def test_the_public_surface_is_as_recorded() -> None:
    """When this fails, somebody's plugin or script may: see the head of tests/helpers/surface.py for what to do."""
    was, now = RECORD.read_text().splitlines(), surface.lines()
    assert sorted(set(was) - set(now)) == [], "gone or changed"
    assert sorted(set(now) - set(was)) == [], "new"
    assert was == now


def test_a_change_would_be_seen() -> None:
    told = surface.lines()
    assert "ganzoo.Generator.forward(self, source, y=None)" in told
    assert "ganzoo.Regularizer.every = 1" in told
    assert "ganzoo.Spec(shape, classes=0, vocab=0, source_shape=None)" in told
    assert "hook ganzoo_step_end(run: 'Run', t: 'int', logs: 'Mapping[str, float]') -> 'Stop | None'" in told
    assert f"API_VERSION = {ganzoo.API_VERSION}" in told
    assert any(line.startswith("ganzoo cp RECIPE FILE") for line in told)
