"""Settings read from source, without running it. Every built-in is compared in tests/cli/test_show.py."""

from __future__ import annotations

import math
import string
import sys
from inspect import Parameter
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from ganzoo.config import definitions, signature
from ganzoo.config.definitions import UnreadableSourceError
from ganzoo.config.signature import Signature, annotation_text
from ganzoo.registry.zoo import Entry


def read(site: Path, source: str, target: str = "thing:Thing") -> Signature:
    """The signature, read from a module that would raise if it were imported."""
    (site / "thing.py").write_text("raise SystemExit\n" + dedent(source))
    return signature.from_source(target)


@pytest.fixture(autouse=True)
def fresh_sources() -> None:
    definitions._parse.cache_clear()


def settings(described: Signature) -> dict[str, tuple[str, Any]]:
    """{name: (type as text, default)}."""
    return {name: (annotation_text(setting), setting.default) for name, setting in described.settings.items()}


def test_a_class(site: Path) -> None:
    described = read(
        site,
        '''
        class Thing:
            """A thing of some size.

            And more.
            """

            def __init__(self, spec, n: int, rate: float = 1e-3, *sizes, name="x", also: "int" = None, **more): ...
        ''',
    )
    assert described.target == "thing:Thing"
    assert described.doc == "A thing of some size.\n\nAnd more."
    assert settings(described) == {
        "n": ("int", Parameter.empty),
        "rate": ("float", 1e-3),
        "name": ("", "x"),
        "also": ("'int'", None),
    }
    assert described.open
    assert "thing" not in sys.modules


def test_a_procedure_s_tables(site: Path) -> None:
    parts = "generator, generator_b: Blueprint, regularizer: list[Blueprint] = ()"
    described = read(site, f"def Thing(spec, {parts}, loss_weight: float = 1): ...")
    assert list(described.parts) == ["generator", "generator_b", "regularizer"]
    assert described.defaults() == {"loss_weight": 1}


def test_a_constructor_of_a_base_in_another_module(site: Path) -> None:
    (site / "base.py").write_text("class Base:\n    def __init__(self, n: int = 3): ...\n")
    assert read(site, "from base import Base as B\nclass Thing(B): ...").defaults() == {"n": 3}


def test_a_class_without_a_constructor(site: Path) -> None:
    assert read(site, "from abc import ABC\nclass Thing(ABC): ...").settings == {}


def test_the_fields_of_a_dataclass(site: Path) -> None:
    source = (
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass Thing:\n    n: int\n    rate: float = 0.5\n"
    )
    assert settings(read(site, source)) == {"n": ("int", Parameter.empty), "rate": ("float", 0.5)}


def test_a_partial(site: Path) -> None:
    source = """
    from functools import partial

    def make(n: int = 1, rate: float = 0.5): ...

    Thing = partial(make, rate=0.25)
    """
    assert read(site, source).defaults() == {"n": 1, "rate": 0.25}


def test_a_name_that_a_package_passes_on(site: Path) -> None:
    package = site / "pack"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").write_text("from .inner import Deep as Renamed\n")
    (package / "inner" / "__init__.py").write_text("from ..inner.deep import Deep\n")
    (package / "inner" / "deep.py").write_text("class Deep:\n    def __init__(self, n=7): ...\n")
    assert read(site, "import pack\nclass Thing(pack.Renamed): ...").defaults() == {"n": 7}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("-1", -1),
        ("1 / 3 + 2 ** 3", 1 / 3 + 2**3),
        ("(0.5, [1, None])", (0.5, [1, None])),
        ("HERE", 5),
        ("string.digits + string.ascii_uppercase", string.digits + string.ascii_uppercase),
    ],
)
def test_constants_are_worked_out(site: Path, expression: str, value: Any) -> None:
    source = f"import string\nHERE = 5\ndef Thing(x={expression}): ..."
    assert read(site, source).defaults() == {"x": value}


@pytest.mark.parametrize(
    "source",
    [
        "def Thing(x=open('file')): ...",
        "Thing = make_one()",
        "from math import *",
        "from not_there import Thing",
        "def Other(): ...",
        "import math\ndef Thing(x=math.pi): ...",
    ],
)
def test_what_source_does_not_tell(site: Path, source: str) -> None:
    with pytest.raises(UnreadableSourceError):
        read(site, source)


def test_what_source_does_not_tell_is_asked_of_the_component(site: Path) -> None:
    (site / "live.py").write_text(
        "import math\nclass Thing:\n    '''Doc.'''\n    def __init__(self, x: float = math.pi): ...\n"
    )
    described = signature.describe(Entry("loss", "thing", "acme", "live:Thing"))
    assert (described.target, described.doc, described.parts) == ("live:Thing", "Doc.", {})
    assert settings(described) == {"x": ("float", math.pi)}


def test_an_object_is_asked_itself() -> None:
    def thing(n: int, generator, rate=0.5) -> None:
        """Doc."""

    described = signature.describe(Entry("loss", "thing", "acme", thing))
    assert (described.doc, list(described.parts)) == ("Doc.", ["generator"])
    assert settings(described) == {"n": ("int", Parameter.empty), "rate": ("", 0.5)}


DOCUMENTED = '''
class Base:
    """A base.

    Args:
        n: Number of
            things.
        rate: The base's rate.
    """

    def __init__(self, n: int = 3, rate: float = 0.5, name: str = ""):
        """Make one.

        Args:
            name: Its name.
        """


class Thing(Base):
    """A thing.

    Attributes:
        rate: Rate per step.
        other: No setting.
    """
'''
DESCRIPTIONS = {"n": "Number of things.", "rate": "Rate per step.", "name": "Its name."}


def test_settings_are_described_by_the_class_its_bases_and_the_constructor(site: Path) -> None:
    assert read(site, DOCUMENTED).descriptions() == DESCRIPTIONS


def test_the_class_itself_describes_them_alike(site: Path) -> None:
    (site / "documented.py").write_text(DOCUMENTED)
    from documented import Thing  # type: ignore[import-not-found]

    assert signature.from_object(Thing).descriptions() == DESCRIPTIONS


def test_a_component_that_is_imported_is_not_read_again(site: Path) -> None:
    (site / "changed.py").write_text("def thing(n: int = 1): ...\nthing.__defaults__ = (2,)\n")
    entry = Entry("loss", "thing", "acme", "changed:thing")
    assert signature.describe(entry).defaults() == {"n": 1}
    entry.load()
    assert signature.describe(entry).defaults() == {"n": 2}
