"""The smallest example there is of each built-in procedure, as ganzoo.testing finds it, for walks over the registry."""

from __future__ import annotations

from functools import cache

from ganzoo.registry.zoo import Entry
from ganzoo.testing import examples, parts
from ganzoo.testing.example import Example
from helpers.support import PLUGINS

__all__ = ["PROCEDURES", "WITH_PARTS", "Example", "example_of"]

WITH_PARTS = parts.beside(PLUGINS)  # everything that is installed, and what examples are made of
PROCEDURES = [one for one in PLUGINS.zoo.entries("procedure") if one.owner == "ganzoo" and not one.deprecated]


@cache
def example_of(entry: Entry) -> Example:
    """Whoever asks gets the same one; what it makes is made anew."""
    return examples.find(entry, WITH_PARTS)
