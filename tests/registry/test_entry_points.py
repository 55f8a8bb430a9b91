"""Entry points read from files are those that the standard library finds."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from ganzoo.registry import entry_points

Rows = list[tuple[str, str, str, str]]


def ours(group: str) -> Rows:
    points = entry_points.read(group)
    return sorted((point.name, point.value, point.distribution, point.version) for point in points)


def theirs(group: str) -> Rows:
    points = metadata.entry_points(group=group)
    return sorted(
        (
            point.name,
            point.value.partition(" [")[0],
            str(point.dist and point.dist.name),
            str(point.dist and point.dist.version),
        )
        for point in points
    )


@pytest.mark.parametrize("group", ["ganzoo", "console_scripts", "pytest11"])
def test_in_the_environment_of_this_test(group: str) -> None:
    assert ours(group) == theirs(group) != []


def test_an_older_editable_install(site: Path) -> None:
    info = site / "ganzoo_acme.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: ganzoo-acme\nVersion: 3\n")
    (info / "entry_points.txt").write_text("[ganzoo]\nmain = acme.plugin\n")
    assert ("main", "acme.plugin", "ganzoo-acme", "3") in ours("ganzoo")
    assert ours("ganzoo") == theirs("ganzoo")


def test_a_path_that_is_no_folder_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some.zip").write_bytes(b"PK")
    before = ours("ganzoo")
    monkeypatch.syspath_prepend(str(tmp_path / "some.zip"))
    monkeypatch.syspath_prepend(str(tmp_path / "absent"))
    assert ours("ganzoo") == before


def test_files_that_are_not_text_are_passed_over(site: Path) -> None:
    info = site / "odd-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_bytes(b"[ganzoo]\nmain = odd\n\xff\xfe")
    assert [point.distribution for point in entry_points.read("ganzoo") if point.value == "odd"] == ["odd"]
