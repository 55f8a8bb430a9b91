"""Settings are checked against the signature of what they are for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
import torch
from pydantic import Field, PositiveInt

from ganzoo import Blueprint
from ganzoo.config import component
from ganzoo.config.signature import from_object, is_list_of_parts
from ganzoo.registry.zoo import Entry
from helpers.support import PLUGINS

if TYPE_CHECKING:
    from nowhere import Unknown


class Component:
    def __init__(
        self,
        spec: Any,
        n: int,
        rate: float = 0.5,
        on: bool = False,
        name: str = "x",
        kind: Literal["a", "b"] = "a",
        width: PositiveInt = 1,
        share: Annotated[float, Field(ge=0, lt=1)] = 0.0,
        sizes: Sequence[int] = (1, 2),
        pair: tuple[float, float] = (0.0, 1.0),
        maybe: int | None = None,
        plain=3,
        anything=None,
        either: float | Component = 0.0,
        object_: Component | None = None,
        strength: float = 1.0,
    ):
        self.spec = spec
        self.n = n
        self.sizes = sizes


def blueprint(target: Any = Component, **settings: Any) -> Blueprint:
    return Blueprint(Entry("loss", "thing", "acme", target), settings)


def problems(target: Any = Component, **settings: Any) -> list[str]:
    return blueprint(target, **settings).problems()


@pytest.mark.parametrize(
    "good",
    [
        {"rate": 1},
        {"rate": 1e-3},
        {"on": True},
        {"kind": "b"},
        {"share": 0},
        {"sizes": []},
        {"pair": [0.5, 0.999]},
        {"maybe": None},
        {"maybe": 3},
        {"plain": 4},
        {"anything": {"x": [1]}},
    ],
)
def test_a_good_setting(good: dict[str, Any]) -> None:
    assert problems(n=1, **good) == []


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"n": "1000"}, "loss 'thing', n: should be a valid integer, not '1000'. Write numbers without quotes: 1000"),
        (
            {"n": 1e3},
            "loss 'thing', n: should be a valid integer, not 1000.0. Write whole numbers in digits alone: 1000",
        ),
        ({"n": 1.5}, "loss 'thing', n: should be a valid integer, not 1.5"),
        ({"n": True}, "loss 'thing', n: should be a valid integer, not True"),
        ({"n": None}, "loss 'thing', n: should be a valid integer, not None"),
        ({"rate": "0.1"}, "loss 'thing', rate: should be a valid number, not '0.1'"),
        (
            {"n": "20,000"},
            "loss 'thing', n: should be a valid integer, not '20,000'. Write numbers without separators: n = 20000",
        ),
        ({"n": "3k"}, "loss 'thing', n: should be a valid integer, not '3k'. Write numbers in digits: n = 3000"),
        ({"on": 1}, "loss 'thing', on: should be a valid boolean, not 1"),
        ({"on": "yes"}, "loss 'thing', on: should be a valid boolean, not 'yes'"),
        ({"name": 3}, "loss 'thing', name: should be a valid string, not 3"),
        ({"kind": "c"}, "loss 'thing', kind: should be 'a' or 'b', not 'c'"),
        ({"width": 0}, "loss 'thing', width: should be greater than 0, not 0"),
        ({"share": 1}, "loss 'thing', share: should be less than 1, not 1"),
        (
            {"sizes": [1, "2"]},
            "loss 'thing', sizes.1: should be a valid integer, not '2'. Write numbers without quotes: 2",
        ),
        ({"pair": [1]}, "loss 'thing', pair.1: Field required"),
        ({"maybe": "3"}, "loss 'thing', maybe: should be a valid integer, not '3'. Write numbers without quotes: 3"),
        ({"either": "4"}, "loss 'thing', either: should be a valid number, not '4'"),
        ({"object_": 4}, "loss 'thing', object_: cannot be set in a recipe"),
        ({"strength": "4"}, "loss 'thing', strength: should be a valid number, not '4'"),
        ({"rate": float("nan")}, "loss 'thing', rate: should be a finite number, not nan"),
        ({"rate": float("inf")}, "loss 'thing', rate: should be a finite number, not inf"),
        ({"name": date(2020, 1, 1)}, "loss 'thing', name: should be a valid string, not {'date': '2020-01-01'}"),
        ({"plain": "4"}, "loss 'thing', plain: should be a valid integer, not '4'. Write numbers without quotes: 4"),
    ],
)
def test_a_bad_setting(bad: dict[str, Any], says: str) -> None:
    (problem,) = problems(**{"n": 1, **bad})
    assert problem.startswith(says)


def test_an_unknown_setting_suggests_a_near_one_and_lists_all() -> None:
    (problem,) = problems(n=1, ratte=1.0)
    assert problem.startswith("loss 'thing' has no setting 'ratte'. Did you mean 'rate'? It has: n, rate, on, name,")


def test_a_missing_setting_says_what_to_add() -> None:
    assert problems() == ["loss 'thing' needs the setting 'n': add n = ..."]


def test_what_the_builder_hands_over_is_no_setting() -> None:
    (problem,) = problems(n=1, spec=2)
    assert "has no setting 'spec'" in problem


def test_all_problems_are_reported() -> None:
    assert len(problems(rate="x", on=1, zzz=3)) == 4


def test_further_keyword_arguments_let_everything_through() -> None:
    def opened(n: int = 1, **more: Any) -> None: ...

    assert problems(opened, anything=[1]) == []
    assert problems(opened, n="1") == [
        "loss 'thing', n: should be a valid integer, not '1'. Write numbers without quotes: 1"
    ]


def test_a_partial_s_arguments_are_defaults() -> None:
    target = partial(Component, rate=0.25)
    assert problems(target, n=1) == []
    assert blueprint(target, n=1).filled()["rate"] == 0.25
    assert problems(target, n=1, rate="x") == ["loss 'thing', rate: should be a valid number, not 'x'"]


def test_an_annotation_that_only_a_type_checker_sees_is_passed_over() -> None:
    def hidden(x: Unknown = None, n: int = 1) -> None: ...

    assert problems(hidden, x="anything", n=2) == []


def test_calling_it_builds_the_component() -> None:
    made = blueprint(n=2)("the spec")
    assert (made.spec, made.n) == ("the spec", 2)


def test_a_list_arrives_as_it_was_written() -> None:
    assert list(blueprint(n=2, sizes=[3])("the spec").sizes) == [3]


def test_the_caller_s_arguments_come_first() -> None:
    assert blueprint(n=2)("the spec", n=5).n == 5


def test_filled_has_every_default_and_the_full_name() -> None:
    filled = blueprint(n=2, on=True).filled()
    assert (filled["use"], filled["n"], filled["on"], filled["rate"]) == ("acme/thing", 2, True, 0.5)
    assert "spec" not in filled


class Procedure:
    def __init__(
        self,
        spec: Any,
        generator,
        generator_b: Blueprint,
        loss: Blueprint | None = None,
        regularizer: list[Blueprint] | None = None,
        encoder: tuple[Blueprint, ...] = (),
        loss_weight: float = 1.0,
        discriminator_steps: int = 1,
    ): ...


def test_parts_are_told_from_settings() -> None:
    signature = from_object(Procedure)
    assert list(signature.parts) == ["generator", "generator_b", "loss", "regularizer", "encoder"]
    assert list(signature.settings) == ["loss_weight", "discriminator_steps"]


def test_parts_that_come_as_lists_are_known() -> None:
    parts = from_object(Procedure).parts
    assert [name for name, part in parts.items() if is_list_of_parts(part)] == ["regularizer", "encoder"]


@pytest.mark.parametrize(
    ("given", "built"),
    [
        ({"betas": [0, 0.99]}, [0.0, 0.99]),
        ({"betas": [0, 0]}, [0.0, 0.0]),
        ({}, [0.9, 0.999]),
    ],
)
def test_whole_numbers_are_floats_where_the_default_is(given: dict[str, Any], built: list[float]) -> None:
    optimizer = component.from_table("optimizer", {"use": "adam", "lr": 1, **given}, PLUGINS.zoo)(
        [torch.nn.Parameter(torch.zeros(1))]
    )
    assert [*optimizer.defaults["betas"]] == built
    assert all(type(beta) is float for beta in optimizer.defaults["betas"])
    assert type(optimizer.defaults["lr"]) is float


class Floats:
    def __init__(
        self,
        means: Sequence[float] = (4.0,),
        pair: tuple[float, int] | None = None,
        table: dict[str, list[Annotated[float, Field(ge=0)]]] | None = None,
        either: float | int = 1,
        whole: list[int] | None = None,
        rows: Sequence[Sequence[float]] = (),
        plain=(0.5, 1),
        anything=None,
    ):
        self.settings = {name: value for name, value in locals().items() if name != "self"}


def test_whole_numbers_are_floats_in_lists_and_tables() -> None:
    given = {
        "means": [-2, 0, 2],
        "pair": [1, 1],
        "table": {"a": [0, 1]},
        "either": 2,
        "whole": [1, 2],
        "rows": [[1], [2, 3]],
        "plain": [1, 1],
        "anything": [1],
    }
    built = Blueprint(Entry("loss", "floats", "tests", Floats), given)()
    assert repr(built.settings) == repr(
        {
            "means": [-2.0, 0.0, 2.0],
            "pair": [1.0, 1],
            "table": {"a": [0.0, 1.0]},
            "either": 2,
            "whole": [1, 2],
            "rows": [[1.0], [2.0, 3.0]],
            "plain": [1.0, 1],
            "anything": [1],
        }
    )
