"""Small examples of all built-in procedures, found by ganzoo.testing, for tests of every registered procedure."""

from __future__ import annotations

from functools import cache

from ganzoo.registry.zoo import Entry
from ganzoo.testing import examples
from ganzoo.testing.examples import Example
from ganzoo.testing.stand_ins import with_stand_ins
from helpers.support import PLUGINS

__all__ = ["PROCEDURES", "WITH_STAND_INS", "Example", "example_of"]

WITH_STAND_INS = with_stand_ins(PLUGINS)  # all installed components, and the stand-ins of examples
PROCEDURES = [entry for entry in PLUGINS.zoo.entries("procedure") if entry.owner == "ganzoo" and not entry.deprecated]


@cache
def example_of(entry: Entry) -> Example:
    """Return the example of a procedure, the same object in each call; its methods build new objects."""
    return examples.find(entry, WITH_STAND_INS)
