"""The settings of a search, as they are written on the command line."""

from __future__ import annotations

import pytest

from ganzoo.errors import RecipeError
from ganzoo.sweeps.space import Choice, Range, overrides, parse

optuna = pytest.importorskip("optuna")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("log:1e-5..1e-3", Range(1e-5, 1e-3, True)),
        ("0.1..0.9", Range(0.1, 0.9, False)),
        ("-1..2.5", Range(-1, 2.5, False)),
        ("1..5", Range(1, 5, False)),
        ("log:8..64", Range(8, 64, True)),
        ("1,2,5", Choice(("1", "2", "5"))),
        ("hinge,minimax", Choice(("hinge", "minimax"))),
        ("[[64], [128, 64]]", Choice(("[64]", "[128, 64]"))),
        ("none,r1,r1+r2", Choice(("none", "r1", "r1+r2"))),
    ],
)
def test_what_is_searched(text: str, part: Range | Choice) -> None:
    assert parse([f"optimizer.lr={text}"]) == ({"optimizer.lr": part}, [])


@pytest.mark.parametrize(
    ("setting", "fixed"),
    [
        ("run.steps=500", "run.steps=500"),
        ("regularizer+=r1", "regularizer+=r1"),
        ("dataset.path=a/../b", "dataset.path=a/../b"),
        ("dataset.path=../photos", "dataset.path=../photos"),
        ('dataset.characters="A,B"', 'dataset.characters="A,B"'),
        ("optimizer.betas=[[0.0, 0.9]]", "optimizer.betas=[0.0, 0.9]"),
    ],
)
def test_what_is_the_same_in_every_trial(setting: str, fixed: str) -> None:
    assert parse([setting, "run.ema=0,0.9"]) == ({"run.ema": Choice(("0", "0.9"))}, [fixed])


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("optimizer.lr=1e-3..1e-5", "the range is empty"),
        ("optimizer.lr=2..2", "the range is empty"),
        ("optimizer.lr=log:0..1", "begins above 0"),
        ("optimizer.lr=1e-5..fast", "the ends of a range are numbers"),
        ("optimizer.lr=log:a..b", "the ends of a range are numbers"),
        ("optimizer.lr=1..inf", "the ends of a range are numbers"),
        ("optimizer.lr=0.1", "nothing to search"),
    ],
)
def test_what_cannot_be_searched_is_refused(setting: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        parse([setting])


def test_ranges_of_whole_numbers_give_whole_numbers() -> None:
    assert isinstance(Range(1, 5, False).distribution(), optuna.distributions.IntDistribution)
    assert isinstance(Range(1, 5.5, False).distribution(), optuna.distributions.FloatDistribution)
    distribution = Range(1e-5, 1e-3, True).distribution()
    assert (distribution.low, distribution.high, distribution.log) == (1e-5, 1e-3, True)


def test_drawn_values_are_overrides_of_four_digits() -> None:
    drawn = {"optimizer.lr": 0.00151193363, "procedure.d_steps": 3, "loss.use": "hinge", "generator.hidden": "[64]"}
    assert overrides(drawn) == [
        *("optimizer.lr=0.001512", "procedure.d_steps=3", "loss.use=hinge", "generator.hidden=[64]")
    ]
