"""From tables to a recipe: what is merged, filled in and kept. What is refused: tests/recipes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ganzoo import Blueprint
from ganzoo.config import locate, parser, resolver
from ganzoo.config.recipe import RunSettings
from ganzoo.errors import RecipeError, SetupError
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo
from helpers.support import TINY, tiny, toml

PLUGINS = discovery.load()


class TwoGenerators:
    """A procedure with two generators, one of them optional, and any number of losses."""

    def __init__(self, spec: Any, generator: Blueprint, loss: list[Blueprint], generator_b: Blueprint | None = None):
        self.made = generator, loss, generator_b


@pytest.fixture
def zoo() -> Zoo:
    mine = Zoo("acme")
    mine.add("procedure", "two", TwoGenerators)
    mine.add("loss", "absent", "not_there:Loss")
    whole = Zoo()
    whole.merge(PLUGINS.zoo)
    whole.merge(mine)
    return whole


def tree(**tables: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(TINY)), **tables}


def resolved(zoo: Zoo, tree: dict[str, Any]) -> resolver.Recipe:
    return resolver.resolve(tree, zoo, "mine.toml", name="mine")


def test_defaults_are_written_out_and_names_in_full() -> None:
    found = tiny().resolved()
    assert found["run"] == {**RunSettings().model_dump(exclude_none=True), **TINY["run"]}
    assert found["dataset"] == {"use": "ganzoo/ring", "n": 200, "modes": 8, "radius": 1.0, "std": 0.05} | {
        "labelled": False,
        "seed": 0,
    }
    assert found["procedure"]["use"] == "ganzoo/adversarial"
    assert found["optimizer"]["betas"] == (0.9, 0.999)


def test_toml_and_json_hold_the_same_tree(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        "[run]\nsteps = 3\nema = 0.5\n[dataset]\nuse = 'ring'\n[[regularizer]]\nuse = 'r1'\n"
    )
    (tmp_path / "a.json").write_text(
        '{"run": {"steps": 3, "ema": 0.5}, "dataset": {"use": "ring"}, "regularizer": [{"use": "r1"}]}'
    )
    toml, json_ = (parser.parse((tmp_path / f"a{suffix}").read_bytes(), suffix, "a") for suffix in (".toml", ".json"))
    assert toml == json_


def test_an_optimizer_holds_for_every_player_but_for_what_differs() -> None:
    found = tiny("[optimizer]\nuse = 'adam'\nlr = 0.1\nbetas = [0.5, 0.9]\n[optimizer.generator]\nlr = 0.2\n")
    assert found.optimizer.of("discriminator").settings == {"lr": 0.1, "betas": [0.5, 0.9]}
    assert found.optimizer.of("generator").settings == {"lr": 0.2, "betas": [0.5, 0.9]}


def test_a_player_with_another_optimizer_starts_from_its_defaults() -> None:
    found = tiny("[optimizer]\nuse = 'adam'\nbetas = [0.5, 0.9]\n[optimizer.generator]\nuse = 'sgd'\nlr = 0.2\n")
    assert found.optimizer.of("generator").entry.name == "sgd"
    assert found.optimizer.of("generator").settings == {"lr": 0.2}


def test_the_settings_of_a_player_are_checked_too() -> None:
    with pytest.raises(RecipeError, match=r"mine.toml \[optimizer.generator\]: optimizer 'adam', lr: should be"):
        resolved(PLUGINS.zoo, tree(optimizer={"use": "adam", "generator": {"lr": "fast"}}))


def test_a_schedule_may_be_left_out() -> None:
    assert tiny().schedule is None
    assert "schedule" not in tiny().resolved()
    assert tiny("[schedule]\nuse = 'linear'\n").resolved()["schedule"]["use"] == "ganzoo/linear"


def test_parts_are_handed_over_as_blueprints(zoo: Zoo) -> None:
    changed = tree(procedure={"use": "two"}, generator_b={"use": "mlp", "z_dim": 9}, loss=[{"use": "hinge"}] * 2)
    del changed["discriminator"]
    found = resolved(zoo, changed)
    generator, losses, generator_b = found.procedure(None, **found.parts).made
    assert (generator.settings["z_dim"], generator_b.settings["z_dim"], len(losses)) == (4, 9, 2)


def test_a_table_that_the_procedure_does_not_take(zoo: Zoo) -> None:
    with pytest.raises(RecipeError) as raised:
        resolved(zoo, tree(procedure={"use": "two"}))
    assert raised.value.message.splitlines() == [
        "2 problems in this recipe",
        "mine.toml [discriminator]: procedure 'two' takes no such table. It takes: [generator], [loss], [generator_b].",
        "mine.toml [loss]: procedure 'two' takes any number of these: write [[loss]], or loss+=NAME",
    ]


def test_a_component_that_cannot_be_imported_is_no_mistake_of_the_recipe(zoo: Zoo) -> None:
    with pytest.raises(SetupError, match="loss 'acme/absent' could not be loaded"):
        resolved(zoo, tree(loss={"use": "absent"}))


@pytest.mark.parametrize("value", [3, "text", [1]])
def test_a_value_where_a_table_belongs(value: Any) -> None:
    for table in TINY:
        with pytest.raises(RecipeError, match=rf"mine.toml \[{table}\]: should be a table"):
            resolved(PLUGINS.zoo, tree(**{table: value}))


def test_a_recipe_cannot_reach_into_python() -> None:
    for name in ("__class__", "ganzoo/../os", "builtins.eval", "https://example.org/gan.py", "", "/"):
        with pytest.raises(RecipeError, match="no loss named"):
            resolved(PLUGINS.zoo, tree(loss={"use": name}))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"#" * (parser.BYTES + 1), "a recipe is a page of text, 256 KiB at most"),
        (b"a." * 17 + b"a = 1", "cannot be read as TOML: a key of more than 16 parts"),
        (b"a = 1\n[" + b'"\\"" . ' * 17 + b"a]", "cannot be read as TOML: a key of more than 16 parts"),
        (b"a = " + b"[" * 20 + b"]" * 20, "tables or lists within each other, more than 16 deep"),
        (b"a = [" + b"1," * 1001 + b"]", "1001 items in one table or list"),
        (b"a = [" + (b"[" + b"1," * 999 + b"],") * 11 + b"]", "10989 values: a recipe has 10000 at most"),
        (b"a = 9223372036854775808", "a whole number of more than 64 bits"),
        (b"a = 0x" + b"f" * 5000, "a whole number of more than 64 bits"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_more_than_any_recipe_needs(text: bytes, says: str) -> None:
    with pytest.raises(RecipeError) as raised:
        parser.parse(text, ".toml", "mine.toml")
    assert raised.value.message.startswith(f"mine.toml: {says}")


def test_what_a_recipe_may_have_at_most() -> None:
    text = f"a = {'[' * 14}9223372036854775807{']' * 14}\nb = [{'1.5,' * 1000}]\n{'a.' * 3}c = 1".replace(
        "\na.", "\nx."
    )
    assert len(parser.parse(text.encode(), ".toml", "mine.toml")["b"]) == 1000


def test_overrides_are_bounded_as_the_file_is() -> None:
    with pytest.raises(RecipeError, match=r"tiny\.toml: a whole number of more than 64 bits"):
        tiny("", f"generator.z_dim={10**30}")


def test_the_mark_that_editors_put_at_the_start_is_passed_over() -> None:
    assert parser.parse(b"\xef\xbb\xbf[run]\nsteps = 3", ".toml", "mine.toml") == {"run": {"steps": 3}}


@pytest.mark.parametrize(("setting", "value"), [("epochs", 1e308), ("workers", 10**9)])
def test_run_settings_have_ceilings(setting: str, value: float) -> None:
    run = {"batch_size": 16, "steps": 3, setting: value}
    with pytest.raises(RecipeError, match=rf"\[run\]: {setting}: should be less than or equal to"):
        resolved(PLUGINS.zoo, tree(run=run))


def test_thousands_of_tables_for_players_are_checked_in_no_time() -> None:
    players = {f"p{i}": {"use": "adam", "lr": "fast"} for i in range(900)}
    start = time.process_time()
    with pytest.raises(RecipeError) as raised:
        resolved(PLUGINS.zoo, tree(optimizer={"use": "adam", **players}))
    assert time.process_time() - start < 1.0
    assert raised.value.message.startswith("900 problems in this recipe\n")
    assert raised.value.message.endswith("\n... and 861 more lines")


def problems(tmp_path: Path, *assignments: str, file: str = "") -> list[str]:
    (tmp_path / "mine.toml").write_text(file or toml())
    with pytest.raises(RecipeError) as caught:
        resolver.read(tmp_path / "mine.toml", assignments, PLUGINS.zoo)
    return caught.value.message.splitlines()


@pytest.mark.parametrize(
    ("assignments", "begins"),
    [
        (["run.stepz=5"], "run.stepz=5 [run]: "),
        (["run.steps=many", "run.log=1"], "run.steps=many [run]: "),
        (["loss.use=hinje"], "loss.use=hinje [loss]: "),
        (["generator.z_dim=four", "loss.use=hinge"], "generator.z_dim=four [generator]: "),
        (["dataset.path=my photos"], "'dataset.path=my photos' [dataset]: "),
    ],
)
def test_a_mistake_in_an_override_is_not_the_files(assignments: list[str], begins: str, tmp_path: Path) -> None:
    (line,) = problems(tmp_path, *assignments)
    assert line.startswith(begins)


def test_a_mistake_in_the_file_stays_the_files(tmp_path: Path) -> None:
    spoilt = toml().replace("lr", "rate")
    head, *lines = problems(tmp_path, "run.stepz=5", file=spoilt)
    assert head == "2 problems in this recipe"
    assert [line.partition(" [")[0] for line in lines] == ["run.stepz=5", str(tmp_path / "mine.toml")]


def test_a_setting_in_the_place_of_a_recipe_is_named_as_one() -> None:
    with pytest.raises(RecipeError, match=r"run\.steps=5 is a setting, and no recipe\. Name the recipe before it"):
        locate.find("run.steps=5", PLUGINS)
