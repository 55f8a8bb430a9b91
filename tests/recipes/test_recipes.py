"""Every built-in recipe resolves, builds and trains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ganzoo
from ganzoo.config import defaults, instantiate, locate, parser, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.interfaces import Spec
from ganzoo.registry import discovery
from helpers import commands
from helpers.support import save_noise

PLUGINS = discovery.load()
MOST = {"width": 8, "hidden": 16, "iterations": 3, "blocks": 2, "growth": 8}
every_recipe = pytest.mark.parametrize(
    "found", [pytest.param(found, id=found.name) for found in locate.recipes(PLUGINS) if found.owner == "ganzoo"]
)


@every_recipe
def test_its_header_says_what_it_is(found: locate.RecipeFile) -> None:
    assert found.summary().endswith("."), "the first line is a sentence, which `ganzoo list recipe` shows"


@every_recipe
def test_its_header_says_where_an_editor_finds_the_schema(found: locate.RecipeFile) -> None:
    header = found.path.read_text().partition("\n\n")[0]
    assert header.endswith("\n#\n#:schema ./ganzoo.schema.json")


@every_recipe
def test_its_name_is_gan_and_dataset(found: locate.RecipeFile) -> None:
    """A recipe of the settings that a source prints, where others draw better, has `_printed` behind its name."""
    name = found.name.removesuffix("_printed")
    assert name == "quickstart" or name.endswith(f"_{resolved(found).dataset.entry.name}")


@every_recipe
def test_resolving_it_twice_changes_nothing(found: locate.RecipeFile) -> None:
    once = resolved(found).resolved()
    again = resolver.resolve(json.loads(json.dumps(once)), PLUGINS.zoo, "again", name=found.name).resolved()
    assert json.dumps(again, sort_keys=True) == json.dumps(once, sort_keys=True)


@every_recipe
def test_show_fills_it_in_as_a_run_does(found: locate.RecipeFile) -> None:
    tree = parser.parse(found.path.read_bytes(), found.path.suffix, found.name)
    assert as_json(defaults.fill(tree, PLUGINS.zoo)) == as_json(resolved(found).resolved())


@every_recipe
def test_check_builds_it(found: locate.RecipeFile) -> None:
    result = commands.ganzoo("check", found.name, "--no-time")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{found.name}: good\n")


@every_recipe
def test_it_trains(found: locate.RecipeFile, tmp_path: Path) -> None:
    """Two steps on noise of the right shape, since the real data may not be here, by networks made narrow."""
    recipe = resolved(found)
    batch = min(4, recipe.run.batch_size)
    dataset = instantiate.dataset(recipe)
    spec = Spec((dataset.spec.shape[0], 28, 28)) if dataset.sides() else dataset.spec  # networks of any size
    data = save_noise(tmp_path / "noise.npz", spec, 40 * batch)
    changes = {"run.steps": 2, "run.batch_size": batch, "dataset.use": "npz", "dataset.path": str(data)}
    if dataset.sides():
        changes |= {"dataset_a.use": "npz", "dataset_a.path": str(data)}
    run = ganzoo.train(found.name, {**changes, **narrow(recipe.resolved())}, out=tmp_path, plugins=PLUGINS)
    assert run.status["state"] == "finished"
    assert run.status["step"] == 2


def narrow(tree: parser.Tree) -> dict[str, Any]:
    """Overrides that make networks small, where they have a `width` or `hidden` sizes, and chains short."""
    changes: dict[str, Any] = {}
    for table, settings in ((name, tree[name]) for name in tree.keys() - {"dataset", "dataset_a"}):
        for name, most in MOST.items() if isinstance(settings, dict) else ():
            value = settings.get(name)
            if isinstance(value, int):
                changes[f"{table}.{name}"] = min(most, value)
            elif isinstance(value, list):
                changes[f"{table}.{name}"] = [min(most, item) for item in value]
    return changes


def resolved(found: locate.RecipeFile) -> Recipe:
    return resolver.read(found.path, (), PLUGINS.zoo)[0]


def as_json(tree: parser.Tree) -> object:
    return json.loads(json.dumps(tree))
