"""The JSON Schema of recipes accepts what resolving accepts, and refuses what an editor can know to be wrong."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, Literal

import pytest
from jsonschema import Draft7Validator
from pydantic import BaseModel, PositiveFloat, PositiveInt
from torch import Tensor, nn

from ganzoo.config import json_schema, locate
from ganzoo.config.defaults import fill
from ganzoo.config.parser import parse
from ganzoo.config.signature import loaded
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS, Entry, Zoo
from helpers.support import TINY

PLUGINS = discovery.load()
RECIPES = locate.recipes(PLUGINS)


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    made, remarks = json_schema.build(PLUGINS.zoo)
    assert remarks == []
    return made


@pytest.fixture(scope="module")
def valid(document: dict[str, Any]) -> Draft7Validator:
    return Draft7Validator(document)


def branch(document: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """The schema of one component."""
    (one,) = (
        one
        for one in document["definitions"][entry.kind]["anyOf"]
        if entry.full_name in one["properties"]["use"]["enum"]
    )
    return one


def test_it_is_a_schema_of_draft_7(document: dict[str, Any]) -> None:
    Draft7Validator.check_schema(document)
    assert document["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_it_keeps_to_words_that_editors_for_toml_know(document: dict[str, Any]) -> None:
    assert not {"$defs", "prefixItems", "const", "format", "title"} & words(document["definitions"])


def words(schema: Any) -> set[str]:
    """The keywords in a schema, at any depth; names of settings are none."""
    if isinstance(schema, list):
        return {word for one in schema for word in words(one)}
    if not isinstance(schema, dict):
        return set()
    found = {word for word in schema if word in ("$defs", "prefixItems", "const", "format", "title")}
    return found | {word for key, one in schema.items() if key != "default" for word in words(one)}


@pytest.mark.parametrize("recipe", [pytest.param(one, id=one.name) for one in RECIPES])
def test_every_recipe_is_valid(valid: Draft7Validator, recipe: locate.RecipeFile) -> None:
    tree = parse(recipe.path.read_bytes(), recipe.path.suffix, recipe.name)
    assert [error.message for error in valid.iter_errors(tree)] == []


def test_a_recipe_with_every_default_written_out_is_valid(valid: Draft7Validator) -> None:
    for recipe in RECIPES[::10]:
        tree = fill(parse(recipe.path.read_bytes(), recipe.path.suffix, recipe.name), PLUGINS.zoo)
        assert [error.message for error in valid.iter_errors(as_json(tree))] == []


def as_json(value: Any) -> Any:
    """Tuples of defaults as the lists that a file has."""
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("entry", [pytest.param(one, id=f"{one.kind} {one.name}") for one in PLUGINS.zoo])
def test_every_component_is_there_with_all_its_settings(document: dict[str, Any], entry: Entry) -> None:
    one, own = branch(document, entry), loaded(entry)
    assert list(one["properties"]) == ["use", *own.settings]
    assert sorted(one["required"]) == sorted(["use", *own.required()])
    assert one["properties"]["use"]["enum"] == [entry.name, entry.full_name]
    assert one["description"].startswith(entry.summary)


def test_every_kind_says_what_it_is_for() -> None:
    assert set(json_schema.PURPOSES) == set(KINDS)


def test_settings_say_what_the_docstring_says(document: dict[str, Any]) -> None:
    mlp = branch(document, PLUGINS.zoo.find("generator", "mlp"))["properties"]
    assert mlp["hidden"] == {
        "type": "array",
        "items": {"type": "integer", "minimum": 1},
        "default": [128, 256, 512, 1024],
        "description": "Widths of the hidden layers.",
    }


@pytest.mark.parametrize("table", json_schema.MODELS)
def test_every_setting_of_a_table_says_what_it_means(document: dict[str, Any], table: str) -> None:
    told = document["properties"][table]
    assert "\n" not in told["description"]
    assert [name for name, one in told["properties"].items() if not one["description"].endswith(".")] == []


def changed(path: str, value: Any) -> dict[str, Any]:
    """The tiny recipe with one value set, or taken away where it is None."""
    tree = copy.deepcopy(TINY)
    *tables, last = path.split(".")
    place = tree
    for table in tables:
        place = place.setdefault(table, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return tree


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("run.max_time", "3h50m"),
        ("about.gan", "GAN"),
        ("$schema", "./ganzoo.schema.json"),
        ("loss.use", "ganzoo/hinge"),
        ("generator_b", {"use": "mlp"}),
        ("regularizer", [{"use": "gradient_penalty", "weight": 1}, {"use": "r1"}]),
        ("optimizer.generator", {"lr": 1e-4}),
        ("optimizer.generator", {"use": "sgd", "lr": 1e-4, "momentum": 0.5}),
        ("schedule", {"use": "constant", "discriminator": {"use": "linear", "start": 0.5}}),
        ("metric", [{"use": "precision_recall", "neighbours": 3}]),
    ],
)
def test_what_may_be_added(valid: Draft7Validator, path: str, value: Any) -> None:
    assert [error.message for error in valid.iter_errors(changed(path, value))] == []


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("genrator", {"use": "mlp"}, []),
        ("optimizer_b", {"use": "adam", "lr": 0.1}, []),
        ("dataset", None, []),
        ("run", None, []),
        ("$schema", 7, ["$schema"]),
        ("run.step", 5, ["run"]),
        ("run.steps", 0, ["run", "steps"]),
        ("run.steps", "12", ["run", "steps"]),
        ("run.ema", 1.0, ["run", "ema"]),
        ("run.precision", "fp8", ["run", "precision"]),
        ("dataset.use", None, ["dataset"]),
        ("dataset.use", "rnig", ["dataset"]),
        ("dataset.modes", 0, ["dataset"]),
        ("generator.hiden", [8], ["generator"]),
        ("generator.hidden", [8, "8"], ["generator"]),
        ("generator.norm", "layer", ["generator"]),
        ("loss", [{"use": "hinge"}], ["loss"]),
        ("regularizer", {"use": "r1"}, ["regularizer"]),
        ("optimizer.lr", "1e-3", ["optimizer"]),
        ("optimizer.generator", {"lrr": 0.1}, ["optimizer"]),
        ("optimizer.generator", {"use": "sgd", "betas": [0.5, 0.9]}, ["optimizer"]),
        ("metric", {"use": "frechet_distance"}, ["metric"]),
    ],
)
def test_what_is_refused(valid: Draft7Validator, path: str, value: Any, place: list[str]) -> None:
    errors = [list(error.path) for error in valid.iter_errors(changed(path, value))]
    assert errors
    assert place in errors


class Shape(BaseModel):
    side: PositiveInt


class Odd:
    """A loss with settings of every sort.

    Args:
        depth: Number of layers.
        shape: Shape of
            a sample.
    """

    def __init__(
        self,
        net: nn.Module,
        shape: Shape,
        depth: PositiveInt | None = None,
        pair: tuple[int, float] = (1, 0.5),
        range: tuple[float, float] = (0.0, 1.0),
        kind: Literal["only"] = "only",
        rate: PositiveFloat | Tensor = 1.0,
        names: Sequence[str] = (),
        anything: Any = None,
    ):
        pass


def opened(**settings: Any) -> None:
    """Takes any setting."""


def strangers(*components: tuple[str, str, Any]) -> Zoo:
    zoo = Zoo(owner="acme")
    for kind, name, target in components:
        zoo.add(kind, name, target)
    return zoo


def test_settings_of_every_sort() -> None:
    made, _ = json_schema.build(strangers(("loss", "odd", Odd)))
    (one,) = made["definitions"]["loss"]["anyOf"]
    assert one == {
        "type": "object",
        "description": "A loss with settings of every sort.",
        "properties": {
            "use": {
                "type": "string",
                "enum": ["odd", "acme/odd"],
                "description": "A loss with settings of every sort.",
            },
            "shape": {"allOf": [{"$ref": "#/definitions/loss.acme.odd.Shape"}], "description": "Shape of a sample."},
            "depth": {"type": ["integer", "null"], "minimum": 1, "description": "Number of layers."},
            "pair": {
                "type": "array",
                "items": [{"type": "integer"}, {"type": "number"}],
                "minItems": 2,
                "maxItems": 2,
                "default": [1, 0.5],
            },
            "range": {
                "type": "array",
                "items": {"type": "number"},
                "minItems": 2,
                "maxItems": 2,
                "default": [0.0, 1.0],
            },
            "kind": {"type": "string", "enum": ["only"], "default": "only"},
            "rate": {"type": "number", "exclusiveMinimum": 0, "default": 1.0},
            "names": {"type": "array", "items": {"type": "string"}, "default": []},
            "anything": {},
        },
        "required": ["use", "shape"],
        "additionalProperties": False,
    }
    assert made["definitions"]["loss.acme.odd.Shape"]["properties"] == {"side": {"type": "integer", "minimum": 1}}
    Draft7Validator.check_schema(made)


def test_a_component_that_takes_any_setting_does_so() -> None:
    made, _ = json_schema.build(strangers(("dataset", "opened", opened), ("optimizer", "opened", opened)))
    valid = Draft7Validator({**made, "required": []})
    for table in ("dataset", "optimizer"):
        assert valid.is_valid({table: {"use": "opened", "whatever": [1]}})
        assert not valid.is_valid({table: {"whatever": [1]}})


def test_a_component_that_cannot_be_loaded_costs_itself_only() -> None:
    made, remarks = json_schema.build(strangers(("loss", "odd", Odd), ("loss", "broken", "not_there:Broken")))
    assert [one["properties"]["use"]["enum"][0] for one in made["definitions"]["loss"]["anyOf"]] == ["odd"]
    (remark,) = remarks
    assert remark.startswith("loss acme/broken is left out: ")
    assert "No module named 'not_there'" in remark


def test_of_very_many_components_the_last_have_names_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_schema, "DESCRIBED", 3)
    made, remarks = json_schema.build(strangers(*(("loss", f"odd{i}", Odd) for i in range(6))))
    assert remarks == ["of each loss after the first 3, the schema has the name alone"]
    *described, last = made["definitions"]["loss"]["anyOf"]
    assert [one["properties"]["use"]["enum"][0] for one in described] == ["odd0", "odd1", "odd2"]
    assert last["properties"] == {
        "use": {
            "type": "string",
            "enum": [name for i in (3, 4, 5) for name in (f"odd{i}", f"acme/odd{i}")],
            "description": "Its settings are not described.",
        }
    }
    assert last["required"] == ["use"] and "additionalProperties" not in last


def test_a_name_that_two_plugins_offer_needs_its_owner() -> None:
    zoo = strangers(("loss", "odd", Odd))
    other = Zoo(owner="zebra")
    other.add("loss", "odd", opened)
    zoo.merge(other)
    made, _ = json_schema.build(zoo)
    names = [one["properties"]["use"]["enum"] for one in made["definitions"]["loss"]["anyOf"]]
    assert names == [["acme/odd"], ["zebra/odd"]]
