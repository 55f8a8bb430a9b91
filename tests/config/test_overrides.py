"""key.path=value arguments, laid over a recipe."""

from __future__ import annotations

from typing import Any

import pytest

from ganzoo.config.overrides import assignments_of, override, table_of
from ganzoo.errors import RecipeError
from ganzoo.registry import discovery

ZOO = discovery.load().zoo


def tree() -> dict[str, Any]:
    return {
        "run": {"epochs": 2},
        "generator": {"use": "mlp", "z_dim": 4, "hidden": [8, 16], "norm": "none"},
        "regularizer": [{"use": "r1"}, {"use": "r2", "weight": 1.0}],
        "optimizer": {"use": "adam", "lr": 0.1, "betas": [0.5, 0.9], "generator": {"lr": 0.2}},
    }


def overridden(*assignments: str) -> dict[str, Any]:
    changed = tree()
    override(changed, assignments, ZOO)
    return changed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("2e-4", 2e-4),
        ("true", True),
        ('"3"', "3"),
        ("[1, 2]", [1, 2]),
        ("20_000", 20_000),
        ("dcgan", "dcgan"),
        ("acme/dcgan", "acme/dcgan"),
        ("/data/my images", "/data/my images"),
        ("a=b", "a=b"),
        ("", ""),
        ("[" * 5000, "[" * 5000),
        ("1" * 5000, "1" * 5000),
        ("{ lr = 1 }", {"lr": 1}),
    ],
)
def test_a_value_is_toml_and_a_bare_word_a_string(text: str, value: Any) -> None:
    assert overridden(f"generator.x={text}")["generator"]["x"] == value


def test_a_value_cannot_bring_further_keys_along() -> None:
    assert overridden("generator.x=1\ny = 2")["generator"] == tree()["generator"] | {"x": "1\ny = 2"}


def test_a_nested_table() -> None:
    assert overridden("optimizer.generator.lr=0.3")["optimizer"]["generator"] == {"lr": 0.3}


def test_new_tables_are_made() -> None:
    assert overridden("schedule.discriminator.use=linear")["schedule"] == {"discriminator": {"use": "linear"}}


def test_an_item_of_a_list() -> None:
    changed = overridden("regularizer.1.weight=2", "generator.hidden.0=32")
    assert changed["regularizer"] == [{"use": "r1"}, {"use": "r2", "weight": 2}]
    assert changed["generator"]["hidden"] == [32, 16]


def test_the_last_of_two_counts() -> None:
    assert overridden("generator.z_dim=5", "generator.z_dim=6")["generator"]["z_dim"] == 6


def regularizers(*assignments: str, of: str = "adversarial") -> Any:
    changed = tree() | {"procedure": {"use": of}}
    override(changed, assignments, ZOO)
    return changed.get("regularizer")


R1, R2 = {"use": "r1"}, {"use": "r2", "weight": 1.0}


@pytest.mark.parametrize(
    ("assignments", "expected"),
    [
        (["regularizer+=dragan"], [R1, R2, {"use": "dragan"}]),
        (["regularizer+=dragan+pull_away"], [R1, R2, {"use": "dragan"}, {"use": "pull_away"}]),
        (["regularizer+=dragan", "regularizer.dragan.weight=5"], [R1, R2, {"use": "dragan", "weight": 5}]),
        (["regularizer.dragan.weight=5", "regularizer+=dragan"], [R1, R2, {"use": "dragan", "weight": 5}]),
        (['regularizer+={use = "dragan", weight = 5}'], [R1, R2, {"use": "dragan", "weight": 5}]),
        (['regularizer+=["dragan", {use = "r2"}]'], [R1, R2, {"use": "dragan"}, {"use": "r2"}]),
        (["regularizer-=r1"], [R2]),
        (["regularizer-=ganzoo/r1"], [R2]),
        (["regularizer-=0"], [R2]),
        (["regularizer-=r1+r2"], None),
        (["regularizer-=r1", "regularizer+=r1"], [R2, R1]),
        (["regularizer=none"], None),
        (["regularizer=r2"], [R2]),  # with the settings that it has in the recipe
        (["regularizer=dragan+r2"], [{"use": "dragan"}, R2]),
        (['regularizer={use = "r2"}'], [{"use": "r2"}]),
        (["regularizer=none", "regularizer+=r2"], [{"use": "r2"}]),
        (["regularizer.r2.weight=2"], [R1, R2 | {"weight": 2}]),
        (["regularizer.r1.use=r2", "regularizer.0.weight=3"], [{"use": "r2", "weight": 3}, R2]),
    ],
    ids=lambda value: " ".join(value) if value and isinstance(value[0], str) else "",
)
def test_components_are_put_into_lists_and_taken_out(assignments: list[str], expected: Any) -> None:
    assert regularizers(*assignments) == expected


def test_equal_components_of_a_list_have_numbers_alone() -> None:
    with pytest.raises(RecipeError, match=r"regularizer\.r2: give a number from 0 to 2, since several are named r2"):
        regularizers("regularizer+=r2", "regularizer.r2.weight=2")


@pytest.mark.parametrize("table", ["regularizer", "augmentation", "metric"])
def test_a_list_that_the_recipe_lacks_is_made(table: str) -> None:
    for assignment in (f"{table}+=some", f"{table}=some"):
        changed: dict[str, Any] = {"run": {"steps": 1}}
        override(changed, [assignment], ZOO)
        assert changed == {"run": {"steps": 1}, table: [{"use": "some"}]}


def test_the_component_of_a_table_is_set_by_its_name() -> None:
    assert overridden("optimizer=sgd") == overridden("optimizer.use=sgd")
    assert overridden("schedule=cosine")["schedule"] == {"use": "cosine"}
    assert overridden('schedule={use = "linear", end = 0.5}')["schedule"] == {"use": "linear", "end": 0.5}
    changed = tree()
    assert override(changed, ["generator=cgan"], ZOO) == ["generator.use=cgan: dropped norm, which belonged to mlp"]
    assert overridden("optimizer.generator=none")["optimizer"]["generator"] == "none"  # a setting may have that value


@pytest.mark.parametrize("table", ["schedule", "optimizer", "evaluate", "encoder"])
def test_a_table_is_taken_out_whether_it_is_there_or_not(table: str) -> None:
    assert table not in overridden(f"{table}=none")


def test_a_second_table_of_a_kind_is_one_too() -> None:
    assert overridden("generator_b=mlp", "generator_b.z_dim=3")["generator_b"] == {"use": "mlp", "z_dim": 3}


def test_none_takes_a_part_out_in_python() -> None:
    assert assignments_of({"schedule": None, "regularizer+": "r1", "regularizer": ["r1", {"use": "r2"}]}) == [
        "schedule=none",
        'regularizer+="r1"',
        'regularizer=["r1", {"use" = "r2"}]',
    ]
    assert regularizers(*assignments_of({"regularizer": ["dragan", {"use": "r2"}]})) == [
        {"use": "dragan"},
        {"use": "r2"},
    ]
    with pytest.raises(RecipeError, match=r"run\.seed: None takes a whole table out, such as schedule"):
        assignments_of({"run.seed": None})


@pytest.mark.parametrize(
    ("assignment", "table"),
    [("regularizer+=r1", "regularizer"), (" run.steps = 5", "run"), ("a-=b", "a"), ("schedule=none", "schedule")],
)
def test_the_table_of_an_override(assignment: str, table: str) -> None:
    assert table_of(assignment) == table


@pytest.mark.parametrize(("given", "run"), [("run.steps=5", {"steps": 5}), ("run.epochs=1", {"epochs": 1})])
def test_steps_take_the_place_of_epochs(given: str, run: dict[str, int]) -> None:
    assert overridden(given)["run"] == run


def test_steps_and_epochs_together_are_left_to_be_refused() -> None:
    assert overridden("run.steps=5", "run.epochs=1")["run"] == {"steps": 5, "epochs": 1}


def test_another_component_keeps_the_settings_it_shares() -> None:
    changed = tree()
    remarks = override(changed, ["generator.use=cgan"], ZOO)
    assert changed["generator"] == {"use": "cgan", "z_dim": 4, "hidden": [8, 16]}
    assert remarks == ["generator.use=cgan: dropped norm, which belonged to mlp"]


def test_the_same_component_keeps_all() -> None:
    assert overridden("generator.use=mlp") == tree()


def test_a_new_component_comes_before_its_settings() -> None:
    changed = overridden("generator.width=16", "generator.use=dcgan")
    assert changed["generator"] == {"use": "dcgan", "z_dim": 4, "width": 16}


def test_tables_of_players_outlive_a_change_of_optimizer() -> None:
    changed = overridden("optimizer.use=sgd")
    assert changed["optimizer"] == {"use": "sgd", "lr": 0.1, "generator": {"lr": 0.2}}


def test_an_unknown_component_is_left_to_be_refused() -> None:
    changed = tree()
    assert override(changed, ["generator.use=nope"], ZOO) == []
    assert changed["generator"] == tree()["generator"] | {"use": "nope"}


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("run=5", "'run=5': write table.setting=value"),
        (
            "regulariser+=r1",
            "'regulariser+=r1': write table.setting=value, such as run.steps=500. Did you mean 'regul",
        ),
        ("regularizer+=", "'regularizer+=': give names, such as regularizer+=NAME or NAME+NAME"),
        ("regularizer+=r1+", "'regularizer+=r1+': give names"),
        ("regularizer+=3", "'regularizer+=3': give names"),
        ("regularizer-=dragan", "'regularizer-=dragan': the recipe has no such regularizer. It has: r1, r2."),
        ("regularizer-=2", "regularizer.2: give a number from 0 to 1, or a name: r1, r2"),
        (
            "optimizer+=sgd",
            "'optimizer+=sgd': [optimizer] is one table, not a list: write optimizer=NAME",
        ),
        ("optimizer.lr+=3", "'optimizer.lr+=3': write table.setting=value"),
        ("regularizer.dragan.weight=1", "regularizer.dragan: give a number from 0 to 1, or a name: r1, r2"),
        ("steps", "'steps': write table.setting=value, such as run.steps=500"),
        ("steps=3", "'steps=3': write table.setting=value"),
        ("=3", "'=3': write table.setting=value"),
        ("run..steps=3", "'run..steps=3': write table.setting=value"),
        ("--steps=3", "'--steps=3': write table.setting=value"),
        ("generator.z_dim.x=3", "generator.z_dim.x: generator.z_dim is a value, not a table"),
        ("regularizer.3.use=r1", "regularizer.3: give a number from 0 to 1"),
        ("regularizer.first.use=r1", "regularizer.first: give a number from 0 to 1"),
        ("regularizer.-1.use=r1", "regularizer.-1: give a number from 0 to 1"),
        ("generator.hidden.2=3", "generator.hidden.2: give a number from 0 to 1"),
        ("generator.hidden.²=3", "generator.hidden.²: give a number from 0 to 1"),
        (f"generator.hidden.{'1' * 5000}=3", "generator.hidden.1111111111"),
        (f"{'a.' * 20}a=3", f"'{'a.' * 20}a=3': write table.setting=value"),
        ("generator.z_dim.\x1b[2J=3", "generator.z_dim.\\x1b[2J: generator.z_dim is a value, not a table"),
    ],
)
def test_what_cannot_be_applied(assignment: str, says: str) -> None:
    with pytest.raises(RecipeError) as raised:
        overridden(assignment)
    assert raised.value.message.startswith(says)


@pytest.mark.parametrize(
    "value",
    [
        3,
        0.5,
        1e-4,
        True,
        "word",
        'a "quoted" \\ word',
        "two\nlines",
        "é",
        "\x7f",
        [1, [2.5, "x"]],
        {"a": 1, "é": 2},
        "3",
    ],
)
def test_values_from_python_arrive_as_they_are(value: Any) -> None:
    changed = tree()
    override(changed, assignments_of({"generator.x": value}), ZOO)
    assert changed["generator"]["x"] == value


@pytest.mark.parametrize(
    "text", ["2024", "2024-06-01", "10:30:00", "true", "1e5", "1_000", "0x10", "inf", "nan", "-7", "[1, 2]", "{}"]
)
def test_a_setting_that_takes_text_gets_text(text: str) -> None:
    """Whatever TOML would read: folders are called 2024, and characters 0123."""
    changed = {**tree(), "dataset": {"use": "folder", "path": "photos"}}
    override(changed, [f"dataset.path={text}", f"about.gan={text}"], ZOO)
    assert (changed["dataset"]["path"], changed["about"]["gan"]) == (text, text)
    override(changed, ["dataset.use=glyphs", f"dataset.characters={text}"], ZOO)
    assert changed["dataset"]["characters"] == text


def test_a_setting_that_takes_other_types_gets_them() -> None:
    changed = {**tree(), "dataset": {"use": "folder", "path": "photos"}}
    override(changed, ["dataset.background=[1, 2, 3]", "dataset.size=32", "run.threads=2", "optimizer.lr=1"], ZOO)
    assert (changed["dataset"]["background"], changed["dataset"]["size"]) == ([1, 2, 3], 32)
    assert (changed["run"]["threads"], changed["optimizer"]["lr"]) == (2, 1)


@pytest.mark.parametrize(
    ("assignment", "meant"),
    [
        ("steps=500", "run.steps=500"),
        ("z_dim=8", "generator.z_dim=8"),
        ("lr=1e-4", "optimizer.lr=1e-4"),
        ("hidden=[8]", "generator.hidden=[8] or discriminator.hidden=[8]"),
    ],
)
def test_a_setting_without_its_table_is_found_in_the_recipe(assignment: str, meant: str) -> None:
    with pytest.raises(RecipeError) as error:
        override({**tree(), "loss": {"use": "minimax"}, "discriminator": {"use": "mlp"}}, [assignment], ZOO)
    assert error.value.message == f"{assignment!r}: write table.setting=value. Did you mean {meant}?"


def test_tables_are_added_to_a_list_one_after_the_other() -> None:
    changed = overridden("regularizer.2.use=dragan", "regularizer.2.weight=5", "metric.0.use=kernel_distance")
    assert changed["regularizer"][1:] == [{"use": "r2", "weight": 1.0}, {"use": "dragan", "weight": 5}]
    assert changed["metric"] == [{"use": "kernel_distance"}]
    with pytest.raises(RecipeError, match="give a number from 0 to 1"):
        overridden("regularizer.3.use=dragan")


def test_a_setting_that_no_table_has_is_not_guessed() -> None:
    with pytest.raises(RecipeError, match=r"'wheels=4': write table.setting=value, such as run.steps=500$"):
        override(tree(), ["wheels=4"], ZOO)
