"""Names of characters as token ids."""

from __future__ import annotations

from ganzoo.sampling import tokens
from ganzoo_builtins.datasets.unicode_names import NAMES, UnicodeNames


def test_they_are_names_of_unicode() -> None:
    dataset = UnicodeNames()
    lines = tokens.lines(dataset.tensors()["x"], dataset.words)
    assert len(lines) == len(set(lines)) == NAMES
    assert {"GREEK SMALL LETTER OMEGA WITH TONOS", "EQUALS SIGN ABOVE RIGHTWARDS ARROW"} <= set(lines)
    assert (dataset.spec.shape, dataset.spec.vocab) == ((8,), 970)
    assert dataset.words[:3] == ("", "LETTER", "WITH")


def test_the_seed_is_that_of_their_order() -> None:
    whole, some, other = (UnicodeNames(**settings).tensors()["x"] for settings in ({}, {"n": 9}, {"n": 9, "seed": 1}))
    assert some.equal(whole[:9]) and not other.equal(some)
