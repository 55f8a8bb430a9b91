"""Every dependency has a lower bound, which is needed, and an upper one, beyond which nothing was tried."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())
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


PINNED = {
    canonicalize_name(pin.name): pin
    for pin in map(Requirement, (line for line in (TOP / "constraints.txt").read_text().splitlines() if line[0] != "#"))
}


@pytest.mark.parametrize("needed", NEEDED, ids=str)
def test_a_dependency_is_constrained_to_a_version_between_its_bounds(needed: Requirement) -> None:
    if needed.name == "gdown":
        pytest.skip("gdown is not tested")
    (pin,) = PINNED[canonicalize_name(needed.name)].specifier
    assert pin.operator == "==" and pin.version in needed.specifier


def test_what_constrained_packages_need_is_constrained_to_versions_that_they_take() -> None:
    """So pip finds the constrained versions without a conflict."""
    conflicts = []
    for name in PINNED:
        try:
            needs = [Requirement(text) for text in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError:
            continue  # another environment, with other packages
        for need in needs:
            pin = PINNED.get(canonicalize_name(need.name))
            if pin and (need.marker is None or need.marker.evaluate({"extra": ""})):
                (exact,) = pin.specifier
                if not need.specifier.contains(exact.version, prereleases=True):
                    conflicts.append(f"{name} needs {need}, and {pin} is constrained")
    versions = {name: metadata.version(name) for name in ("torch", "numpy")}
    if any(version.partition("+")[0] not in PINNED[name].specifier for name, version in versions.items()):
        pytest.skip("this environment has other versions than constraints.txt")
    assert conflicts == []


def test_the_image_copies_what_there_is_and_leaves_out_all_else() -> None:
    lines = (TOP / "Dockerfile").read_text().splitlines()
    copied = [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]
    kept = [line[1:] for line in (TOP / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied) == sorted(kept)
    assert all((TOP / word).exists() for word in copied)
    (extras,) = (line.partition("EXTRAS=")[2].split(",") for line in lines if line.startswith("ARG EXTRAS="))
    assert {*extras} <= {*EXTRAS}
    assert lines[-1] == 'ENTRYPOINT ["ganzoo"]' and "-c /src/constraints.txt" in "".join(lines)
    needed_to_build = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    assert needed_to_build <= {*copied}


@pytest.mark.parametrize("needed", NEEDED, ids=str)
def test_a_dependency_has_both_bounds_and_the_tested_version_lies_between(needed: Requirement) -> None:
    assert sorted(bound.operator for bound in needed.specifier) == ["<", ">="]
    try:
        assert metadata.version(needed.name) in needed.specifier
    except metadata.PackageNotFoundError:
        pytest.skip(f"{needed.name} is not installed here")
