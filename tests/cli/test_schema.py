"""ganzoo schema: what an editor completes recipes with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ganzoo.config import resolver
from ganzoo.registry import discovery
from helpers.commands import ganzoo
from helpers.packages import install
from helpers.support import TINY

ACME = """
import ganzoo

class Calm:
    '''A loss that acme offers.'''

    def __init__(self, depth: int = 3):
        pass

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("loss", "calm", Calm)
    zoo.add("loss", "missing", "not_there:Missing")
"""


def test_it_holds_what_plugins_offer_and_tells_what_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, "ganzoo-acme", ACME)
    install(tmp_path, "ganzoo-broken", "import not_there")
    monkeypatch.syspath_prepend(str(tmp_path))
    result = ganzoo("schema")
    assert result.exit_code == 0, result.output
    losses = json.loads(result.stdout)["definitions"]["loss"]["anyOf"]
    named = {one["properties"]["use"]["enum"][-1]: one for one in losses}
    assert {"acme/calm", "ganzoo/hinge"} <= named.keys()
    assert named["acme/calm"]["description"] == "A loss that acme offers."
    assert named["acme/calm"]["properties"]["depth"] == {"type": "integer", "default": 3}
    assert "acme/missing" not in named
    assert "plugin broken/main (ganzoo-broken 0.1) failed: " in result.stderr
    assert "\nloss acme/missing is left out: " in result.stderr


def test_into_a_file_an_earlier_schema_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "ganzoo.schema.json"
    target.write_text("mine")
    assert ganzoo("schema", "--out", str(target)).exit_code == 2
    assert target.read_text() == "mine"
    target.write_text('{"title": "A recipe of ganzoo"}')
    result = ganzoo("schema", "--out", str(target))
    assert result.exit_code == 0, result.output
    assert json.loads(target.read_bytes())["title"] == "A recipe of ganzoo"
    assert result.stdout.splitlines()[0] == str(target)
    assert "#:schema ./ganzoo.schema.json" in result.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["ganzoo.schema.json"]


def test_a_place_that_is_none(tmp_path: Path) -> None:
    result = ganzoo("schema", "--out", str(tmp_path / "nowhere" / "x.json"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No such file or directory. Give another file." in result.stderr


def test_a_recipe_in_json_may_name_its_schema(tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps({"$schema": "./ganzoo.schema.json", **TINY}))
    recipe, _ = resolver.read(mine, (), discovery.load().zoo)
    assert "$schema" not in recipe.resolved()
    mine.write_text(json.dumps({"$schema": 7, **TINY}))
    assert "[$schema]: no table of that name." in ganzoo("check", str(mine)).stderr
