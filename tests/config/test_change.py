"""Numbers that change in training: their values, where they may stand, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import NonNegativeFloat

from ganzoo import Regularizer, Schedulable
from ganzoo.config import instantiate
from ganzoo.config.change import Changing
from ganzoo.config.component import Blueprint, from_table
from ganzoo.config.parser import split_players
from ganzoo.config.signature import from_object, is_schedulable
from ganzoo.errors import RecipeError
from helpers.support import PLUGINS, tiny

COSINE = '{use = "cosine", from = %s, to = %s}'


def change(kind: str, component: str, setting: str, table: dict[str, Any]) -> Any:
    blueprint = from_table(kind, {"use": component, setting: table}, PLUGINS.zoo)
    return blueprint.changes[setting, None]


@pytest.mark.parametrize(
    ("start", "end", "half"), [(2e-4, 5e-5, 1.25e-4), (0.9, 0.99, 0.945), (0.05, 0.005, 0.0275), (0, 5, 2.5)]
)
def test_half_a_cosine_leads_from_one_value_to_the_other(start: float, end: float, half: float) -> None:
    """R3GAN's values at half of its burn-in (arXiv:2501.05441, table 9); constant afterwards."""
    number = change("regularizer", "r1", "weight", {"use": "cosine", "from": start, "to": end, "over": 0.2})
    values = [number(t, 1000) for t in (0, 100, 200, 201, 999)]
    assert values == pytest.approx([start, half, end, end, end])


def test_a_change_takes_a_share_of_the_run_or_a_number_of_steps() -> None:
    warm_up = change("optimizer", "adam", "lr", {"use": "linear", "from": 0.0, "to": 1.0, "steps": 10})
    assert [warm_up(t, 1000) for t in (0, 5, 10, 500)] == pytest.approx([0, 0.5, 1, 1])
    whole = change("optimizer", "adam", "lr", {"use": "linear", "from": 0.0, "to": 1.0})
    assert [whole(t, 1000) for t in (0, 500, 1000)] == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('weight = {use = "cosine", from = 1.0}', r"a number that changes has two ends, such as weight = \{use"),
        ('weight = {use = "cosine", from = 1.0, to = "0"}', "has two ends"),
        ('weight = {use = "cosinus", from = 1.0, to = 0.0}', "no schedule named 'cosinus'. Did you mean"),
        ("weight = {from = 1.0, to = 0.0}", "to say which schedule"),
        ('weight = {use = "cosine", from = 1.0, to = 0.0, over = 2}', "weight.over: a share of the run"),
        ('weight = {use = "cosine", from = 1.0, to = 0.0, steps = 0}', "weight.steps: a number of steps"),
        ('weight = {use = "cosine", from = 1.0, to = 0.0, ower = 1}', "no setting 'ower'"),
        ('weight = {use = "cosine", from = 1.0, to = -1.0}', "weight: should be greater than or equal to 0"),
        ('every = {use = "cosine", from = 1, to = 2}', "every: does not change in training; of its .*: weight"),
    ],
)
def test_a_wrong_table_is_refused(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        tiny(f'[[regularizer]]\nuse = "r1"\n{text}\n')


def test_a_component_declares_what_may_change() -> None:
    class Declared(Regularizer):
        def __init__(
            self, weight: Schedulable[NonNegativeFloat] = 1.0, share: Schedulable[float] | None = None, n: int = 1
        ):
            """Has settings."""

    able = {name: is_schedulable(parameter) for name, parameter in from_object(Declared).settings.items()}
    assert able == {"weight": True, "share": True, "n": False}
    blueprint = from_table("regularizer", {"use": "r1", "weight": 2}, PLUGINS.zoo)
    assert not blueprint.changes and blueprint.problems() == []


def test_a_component_is_built_with_the_first_value_and_is_recorded() -> None:
    recipe = tiny('[[regularizer]]\nuse = "r1"\nweight = ' + COSINE % (3, 1))
    procedure = instantiate.procedure(recipe, instantiate.dataset(recipe).spec)
    (item,) = procedure.changing
    assert isinstance(item, Changing) and item.component is procedure.regularizers[0]
    assert item.component.weight == 3.0 and item.name == "weight"
    assert recipe.resolved()["regularizer"][0]["weight"] == {"use": "cosine", "from": 3, "to": 1}
    by_command_line = tiny('[[regularizer]]\nuse = "r1"\n', "regularizer.r1.weight=" + COSINE % (3, 1))
    (again,) = instantiate.procedure(by_command_line, instantiate.dataset(recipe).spec).changing
    assert again.change(5, 10) == item.change(5, 10) == 2
    assert Blueprint(PLUGINS.zoo.find("regularizer", "r1"))().weight == 10


def test_a_table_of_an_optimizer_is_a_number_or_a_player() -> None:
    number = {"use": "cosine", "from": 1.0, "to": 0.0}
    common, players = split_players({"use": "adam", "lr": number, "generator": {"lr": 0.1}})
    assert common == {"use": "adam", "lr": number}
    assert players == {"generator": {"use": "adam", "lr": 0.1}}
