"""A run that was killed and went on holds the bits of one that was not: for whatever is registered, one by one.

A procedure is walked through with each of its own settings, and with many others together. An optimizer, a schedule, a
loss, a regularizer, an augmentation or a setting of [run] is alone with one procedure that takes it, because what
they keep is the same to all.

Not only weights: everything that the last checkpoint holds, and the pictures. Each case trains ten steps and keeps its
checkpoints; then the folder as a kill would have left it goes on to the end. The data has four batches a pass, so that
4 is the end of a pass; 1, 5 and 7 are inside of any lazy interval. A procedure as it is is killed after steps 1, 4 and
7; the other cases take turns, after 4, 5 or 7.

Each procedure as it is and each component are always tried, and every third of the other cases; all of them by
`python -m pytest --whole tests/plugins/test_resume_walk.py`.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import intact
from ganzoo import IncompatibleError
from ganzoo.config import resolver
from ganzoo.config.component import Blueprint
from ganzoo.config.signature import is_list_of_parts
from ganzoo.errors import RecipeError
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Entry
from ganzoo.testing.stand_ins import with_stand_ins
from helpers import plugin
from helpers.examples import PROCEDURES, Example, example_of
from helpers.killed import differences, killed_after
from helpers.support import save_noise, train

pytestmark = pytest.mark.slow
STEPS, KILLED, TURNS = 10, (1, 4, 7), (4, 5, 7)
MOST = 6  # a procedure's numbers of moves, batches and the like: what a checkpoint holds does not depend on them
BATCHES = 4  # a pass
OFTEN = {"steps": STEPS, "log": 3, "sample": 5, "keep": STEPS + 1}
RUN = {"ema": 0.9, "clip": 0.1, "precision": "bf16", "deterministic": True, "workers": 2}
STREAMED = {"dataset": {"use": "tests/streamed"}}
PLUGINS = with_stand_ins(discovery.load())
PLUGINS.zoo.merge(discovery.load({"tests/plugin": plugin}).zoo)
ALONE = PLUGINS.zoo.find("procedure", "adversarial")  # what is alone is alone with the quickest, where that takes it

Tree = dict[str, Any]


def cases(entry: Entry) -> Iterator[tuple[str, Tree, bool]]:
    """Changes to the smallest recipe, each alone, and whether the procedure may refuse it."""
    signature = Blueprint(entry).signature
    yield "plain", {}, False
    yield "streamed", STREAMED, False
    for name, value in RUN.items() if entry == ALONE else ():
        yield f"run.{name}={value}", {**STREAMED, "run": {name: value}}, False
    for kind in ("schedule", "optimizer"):
        for one in PLUGINS.zoo.entries(kind) if entry == ALONE else ():
            yield one.full_name, {kind: {"use": one.full_name}}, kind == "optimizer"
    for one in PLUGINS.zoo.entries("augmentation") if entry == ALONE else ():
        yield one.full_name, {"augmentation": [{"use": one.full_name}]}, True
    for part, parameter in signature.parts.items():
        kind = part.partition("_")[0]
        if kind in ("loss", "regularizer") and entry == first_with(part):
            for one in (one for one in PLUGINS.zoo.entries(kind) if not one.deprecated):
                for every in (2, 3, 4) if "every" in Blueprint(one).signature.settings else (0,):
                    table = {"use": one.full_name, **({"every": every} if every else {})}
                    name = f"{part} {one.full_name}" + (f" every {every}" if every else "")
                    yield name, {part: [table] if is_list_of_parts(parameter) else table}, True
    small = few_moves(example_of(entry))
    for name, parameter in signature.settings.items():
        for value in others(parameter.annotation, small.get(name, parameter.default)):
            yield f"{name}={value}", {"procedure": {name: value}}, True
    yield from together(entry)


def first_with(part: str) -> Entry:
    return next(entry for entry in (ALONE, *PROCEDURES) if part in Blueprint(entry).signature.parts)


def few_moves(example: Example) -> Tree:
    settings = example.recipe.resolved()["procedure"]
    return {name: min(value, MOST) if type(value) is int else value for name, value in settings.items()}


def others(annotation: Any, value: Any) -> list[Any]:
    """Other values of a procedure's setting: every choice, the opposite, one more."""
    if typing.get_origin(annotation) is typing.Literal:
        return [choice for choice in typing.get_args(annotation) if choice != value]
    if isinstance(value, bool):
        return [not value]
    return [value + 1] if isinstance(value, int) else []


def together(entry: Entry) -> Iterator[tuple[str, Tree, bool]]:
    """Many at once: with averages, momentum and a falling rate; with all of RUN; with what draws noise of its own."""
    momentum = {"use": "sgd", "lr": 1e-2, "momentum": 0.5}
    everything = {"run": {"ema": 0.5, "clip": 0.5, "seed": 7}, "optimizer": momentum, "schedule": {"use": "linear"}}
    yield "together", everything, False
    adam = {"use": "adam", "betas": [0.5, 0.9], "fused": False, "amsgrad": True}
    yield "together, streamed", {**everything, **STREAMED, "run": {**RUN, "seed": 7}, "optimizer": adam}, False
    precise = {**everything["run"], "precision": "bf16", "deterministic": True}
    lazy = {"regularizer": [{"use": "tests/noisy", "every": 3}, {"use": "r1", "every": 2}]}
    if "regularizer" in Blueprint(entry).signature.parts:
        yield "together, lazily", {**everything, **STREAMED, **lazy, "run": precise}, True


def is_variant(name: str) -> bool:
    """Tell whether a case tries a procedure or component another time, with other settings."""
    return "=" in name or name.startswith(("streamed", "together")) or name.endswith(("every 3", "every 4"))


@cache
def every_case() -> list[Any]:
    return [
        pytest.param(
            entry,
            changes,
            may_refuse,
            KILLED if name == "plain" else (TURNS[(i + k) % 3],),
            id=f"{entry.full_name}: {name}",
            marks=[pytest.mark.whole] if is_variant(name) and (i + k) % 3 else [],
        )
        for i, entry in enumerate(PROCEDURES)
        for k, (name, changes, may_refuse) in enumerate(cases(entry))
    ]


@pytest.mark.parametrize(("entry", "changes", "may_refuse", "killed_at"), every_case())
def test_a_run_goes_on_to_the_same_bits(
    entry: Entry, changes: Tree, may_refuse: bool, killed_at: tuple[int, ...], tmp_path: Path
) -> None:
    try:
        recipe = changed(example_of(entry), changes, tmp_path, save=min(killed_at))
        undisturbed = train(recipe, tmp_path, plugins=PLUGINS)
    except (IncompatibleError, RecipeError) as refusal:
        if not may_refuse:
            raise
        pytest.skip(refusal.message)
    assert undisturbed.latest.name == f"step-{STEPS:08d}"
    for step in killed_at:
        killed = killed_after(step, undisturbed, tmp_path / f"killed after {step}")
        train(killed.recipe(PLUGINS.zoo, ["run.save=100"]), tmp_path, killed, PLUGINS)
        assert differences(killed, undisturbed) == [], f"killed after step {step}"
        assert intact.left_behind(killed)["pictures"] == intact.left_behind(undisturbed)["pictures"]


def changed(example: Example, changes: Tree, folder: Path, save: int) -> Any:
    """The example's recipe with some of its tables changed, and data of four batches."""
    tree = example.recipe.resolved()
    batch = tree["run"]["batch_size"]
    path = save_noise(folder / "noise.npz", example.spec, BATCHES * batch)
    inputs = {"dataset_a": {"use": "npz", "path": str(path)}} if "a" in next(example.batches()) else {}
    merged = {
        **tree,
        "dataset": {"use": "npz"},
        **inputs,
        **{table: new for table, new in changes.items() if table != "run"},
    }
    merged["procedure"] = {**few_moves(example), **changes.get("procedure", {})}
    merged["run"] = {**tree["run"], **OFTEN, "save": save, **changes.get("run", {})}
    merged["dataset"] = {**merged["dataset"], "path": str(path)}
    return resolver.resolve(merged, PLUGINS.zoo, "walk", name="walk")


@pytest.mark.parametrize("entry", [ALONE, PLUGINS.zoo.find("procedure", "gman")], ids=lambda entry: entry.full_name)
def test_bits_depend_on_all_that_a_checkpoint_holds(entry: Entry, tmp_path: Path) -> None:
    """The walk sees what is lost: a run that goes on with another seed's noise is told apart."""
    changes = [{"run": {"ema": 0.9}}, {"run": {"ema": 0.9, "seed": 1}}]
    recipes = [changed(example_of(entry), change, tmp_path, save=STEPS) for change in changes]
    undisturbed, other = (train(recipe, tmp_path, plugins=PLUGINS) for recipe in recipes)
    parts = {name.partition(".")[0] for name in differences(undisturbed, other)}
    assert parts == {"model", "ema", "optimizer", "rank-00000"}
