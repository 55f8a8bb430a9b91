"""Every dependency has a lower bound, which is needed, and an upper one, beyond which nothing was tried."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
NEEDED = [
    Requirement(text)
    for text in [
        *PROJECT["project"]["dependencies"],
        *PROJECT["build-system"]["requires"],
        *(text for extra in EXTRAS.values() for text in extra),
    ]
    if not text.startswith("ganzoo-torch")
]


@pytest.mark.parametrize("needed", NEEDED, ids=str)
def test_a_dependency_has_both_bounds_and_the_tested_version_lies_between(needed: Requirement) -> None:
    assert sorted(bound.operator for bound in needed.specifier) == ["<", ">="]
    try:
        assert metadata.version(needed.name) in needed.specifier
    except metadata.PackageNotFoundError:
        pytest.skip(f"{needed.name} is not installed here")
