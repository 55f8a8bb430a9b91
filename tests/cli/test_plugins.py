"""ganzoo plugins, and the switches that leave plugins out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.commands import TERMINAL, ganzoo, shell
from helpers.packages import GOOD, install


@pytest.fixture
def site(tmp_path: Path) -> Path:
    install(tmp_path, "ganzoo-broken", "import not_there", version="0.2")
    install(tmp_path, "ganzoo-acme", GOOD, entry="losses")
    return tmp_path


def rows(site: Path, *options: str, **environment: str) -> dict[str, Any]:
    done = shell(*options, "plugins", "--json", site=site, **environment)
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in json.loads(done.stdout)}


def test_the_table_has_no_colour_and_fits() -> None:
    lines = ganzoo("plugins", terminal=True).stdout.splitlines()
    assert lines[0].split() == ["plugin", "package", "version", "status", "components", "hooks"]
    assert max(len(line) for line in lines) <= 80
    assert "\x1b" not in "".join(lines)


def test_a_broken_plugin_is_a_row_and_a_reason(site: Path) -> None:
    done = shell("plugins", site=site, **TERMINAL)
    assert done.returncode == 0
    assert "broken/main: ModuleNotFoundError: No module named 'not_there'\n" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_each_plugin_is_a_line_in_a_pipe() -> None:
    rows = json.loads(ganzoo("plugins", "--json").stdout)
    lines = [line.split("\t") for line in ganzoo("plugins").stdout.splitlines()]
    assert [line[0] for line in lines] == [row["name"] for row in rows]
    assert {len(line) for line in lines} == {7}


def test_json(site: Path) -> None:
    assert rows(site)["broken/main"] == {
        "name": "broken/main",
        "distribution": "ganzoo-broken",
        "version": "0.2",
        "module": "ganzoo_broken_main",
        "status": "failed",
        "error": "ModuleNotFoundError: No module named 'not_there'",
        "hooks": [],
        "components": 0,
        "remarks": [],
    }
    assert rows(site)["acme/losses"]["status"] == "ok"


def test_a_broken_plugin_changes_nothing_else(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("empty")
    without, with_broken = rows(empty), rows(site)
    assert {name: row for name, row in with_broken.items() if name in without} == without
    assert set(with_broken) - set(without) == {"broken/main", "acme/losses"}


@pytest.mark.parametrize("name", ["acme", "ganzoo-acme", "acme/losses"])
def test_block(site: Path, name: str) -> None:
    assert {name: row["status"] for name, row in rows(site, "--block", name).items() if "/losses" in name} == {
        "ganzoo/losses": "ok",
        "acme/losses": "off",
    }


def test_block_adds_to_the_environment(site: Path) -> None:
    found = rows(site, "--block", "acme", "--block", "ganzoo/schedules", GANZOO_BLOCK_PLUGINS="broken")
    assert {name for name, row in found.items() if row["status"] == "off"} == {
        "acme/losses",
        "broken/main",
        "ganzoo/schedules",
    }


def test_no_plugins(site: Path) -> None:
    found = rows(site, "--no-plugins")
    assert {row["status"] for name, row in found.items() if name.startswith("ganzoo/")} == {"ok"}
    assert {row["status"] for name, row in found.items() if not name.startswith("ganzoo/")} == {"off"}


def test_a_blocked_component_is_missed_by_name(site: Path) -> None:
    done = shell("--block", "acme", "show", "good", "--kind", "loss", site=site)
    assert done.returncode == 2
    assert "no loss named 'good'." in done.stderr
    assert (
        "(plugin broken/main (ganzoo-broken 0.2) failed: ModuleNotFoundError: No module named 'not_there')"
        in done.stderr
    )
