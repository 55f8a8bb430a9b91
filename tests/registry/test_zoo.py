"""The zoo: registering components, finding them by name, and what is said when there is none."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ganzoo import GanzooError
from ganzoo.errors import SetupError
from ganzoo.registry.zoo import KINDS, Entry, Zoo


class Zero:
    """Nought.

    And more about it.
    """


def zoo_of(owner: str, *names: str, kind: str = "loss") -> Zoo:
    zoo = Zoo(owner)
    for name in names:
        zoo.add(kind, name, Zero)
    return zoo


def merged(*zoos: Zoo) -> Zoo:
    whole = Zoo()
    for zoo in zoos:
        whole.merge(zoo)
    return whole


@pytest.mark.parametrize("kind", KINDS)
def test_a_component_is_found_by_kind_and_name(kind: str) -> None:
    zoo = zoo_of("acme", "zero", kind=kind)
    assert zoo.find(kind, "zero") == zoo.find(kind, "acme/zero") == Entry(kind, "zero", "acme", Zero, "Nought.")


def test_a_summary_of_its_own_comes_before_the_docstring() -> None:
    zoo = Zoo()
    zoo.add("loss", "zero", Zero, summary="Nothing", paper="arXiv:1406.2661")
    assert (zoo.find("loss", "zero").summary, zoo.find("loss", "zero").paper) == ("Nothing", "arXiv:1406.2661")


@pytest.mark.parametrize(
    ("kind", "name", "target", "says"),
    [
        ("los", "zero", Zero, "no kind 'los'. Did you mean 'loss'? Kinds: generator, discriminator, encoder, loss,"),
        ("loss", "Zero", Zero, "loss name 'Zero': use lower-case letters, digits, '.', '_' and '-', 64 at most"),
        ("loss", "../zero", Zero, "loss name '../zero': use lower-case letters"),
        ("loss", "", Zero, "loss name ''"),
        ("loss", "z" * 65, Zero, "64 at most"),
        ("loss", "zero", 3, "loss 'zero': target must be callable or 'module:attribute', not 3"),
        ("loss", "zero", "module.attribute", "target must be callable or 'module:attribute', not 'module.attribute'"),
        ("loss", "zero", "os:system('x')", "target must be callable or 'module:attribute'"),
    ],
)
def test_what_cannot_be_registered(kind: str, name: str, target: Any, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        Zoo().add(kind, name, target)


def test_a_name_is_registered_once_by_one_owner() -> None:
    zoo = zoo_of("acme", "zero")
    with pytest.raises(ValueError, match="loss 'zero' is registered twice by 'acme'"):
        zoo.add("loss", "zero", Zero)


def test_one_name_may_stand_for_several_kinds() -> None:
    zoo = merged(zoo_of("acme", "zero"), zoo_of("acme", "zero", kind="dataset"))
    assert zoo.find("dataset", "zero").kind == "dataset"


def test_merging_refuses_all_when_one_is_there_already() -> None:
    whole = merged(zoo_of("acme", "zero"))
    with pytest.raises(ValueError, match="loss 'acme/zero' is registered twice"):
        whole.merge(zoo_of("acme", "one", "zero"))
    assert [entry.name for entry in whole] == ["zero"]


def test_a_clash_quotes_all_choices_in_order() -> None:
    whole = merged(zoo_of("b", "zero"), zoo_of("a", "zero"), zoo_of("c", "zero"))
    with pytest.raises(GanzooError) as raised:
        whole.find("loss", "zero")
    assert raised.value.message == '3 plugins provide the loss \'zero\': write "a/zero" or "b/zero" or "c/zero".'
    assert whole.find("loss", "b/zero").owner == "b"


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("zeroo", "no loss named 'zeroo'. Did you mean 'zero'? See `ganzoo list loss`."),
        ("acne/zero", "no loss named 'acne/zero'. Did you mean 'acme/zero'? See `ganzoo list loss`."),
        ("nothing-like-it", "no loss named 'nothing-like-it'. See `ganzoo list loss`."),
    ],
)
def test_an_unknown_name_suggests_a_near_one(asked: str, says: str) -> None:
    with pytest.raises(GanzooError) as raised:
        zoo_of("acme", "zero").find("loss", asked)
    assert raised.value.message == says


def test_an_unknown_name_quotes_the_plugins_that_failed() -> None:
    zoo = zoo_of("acme", "zero")
    zoo.failures.append("plugin x failed: no luck")
    with pytest.raises(GanzooError) as raised:
        zoo.find("loss", "one")
    assert raised.value.message.splitlines()[1:] == ["  (plugin x failed: no luck)"]


def test_entries_are_sorted_by_kind_name_and_owner() -> None:
    whole = merged(zoo_of("b", "z", "a"), zoo_of("a", "z"), zoo_of("a", "y", kind="generator"))
    assert [(entry.kind, entry.full_name) for entry in whole.entries()] == [
        ("generator", "a/y"),
        ("loss", "b/a"),
        ("loss", "a/z"),
        ("loss", "b/z"),
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("h*", ["hinge", "huge"]),
        ("*e", ["hinge", "huge"]),
        ("UG", ["huge"]),
        ("zero loss", ["zero"]),
        ("acme/*", ["hinge", "huge", "zero"]),
        ("x", []),
    ],
)
def test_patterns(pattern: str, names: list[str]) -> None:
    zoo = Zoo("acme")
    for name in ("hinge", "huge", "zero"):
        zoo.add("loss", name, Zero, summary=f"The {name} loss")
    assert [entry.name for entry in zoo.entries("loss", pattern)] == names


def test_a_target_by_name_is_imported_on_first_use() -> None:
    zoo = Zoo()
    zoo.add("loss", "fractions", "fractions:Fraction")
    assert zoo.find("loss", "fractions").load().__name__ == "Fraction"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("not_there:Loss", "ModuleNotFoundError: No module named 'not_there'"),
        ("fractions:Absent", "AttributeError: module 'fractions' has no attribute 'Absent'"),
    ],
)
def test_a_target_that_is_not_there(target: str, reason: str) -> None:
    zoo = Zoo("acme")
    zoo.add("loss", "absent", target)
    with pytest.raises(SetupError) as raised:
        zoo.find("loss", "absent").load()
    assert f"loss 'acme/absent' could not be loaded from {target}: {reason}" in raised.value.message
