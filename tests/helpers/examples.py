"""The smallest example there is of each built-in procedure, as ganzoo.testing finds it, for walks over the registry."""

from __future__ import annotations

from functools import cache

from ganzoo.registry.zoo import Entry
from ganzoo.testing import examples
from ganzoo.testing.examples import Example
from ganzoo.testing.stand_ins import with_stand_ins
from helpers.support import PLUGINS

__all__ = ["PROCEDURES", "WITH_STAND_INS", "Example", "example_of"]

WITH_STAND_INS = with_stand_ins(PLUGINS)  # everything that is installed, and what examples are made of
PROCEDURES = [one for one in PLUGINS.zoo.entries("procedure") if one.owner == "ganzoo" and not one.deprecated]


@cache
def example_of(entry: Entry) -> Example:
    """Whoever asks gets the same one; what it makes is made anew."""
    return examples.find(entry, WITH_STAND_INS)
