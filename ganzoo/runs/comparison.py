"""Runs side by side: those that differ in nothing but their seed make one row, with mean and spread of each score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from ganzoo.config.parser import flat
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import BEST_OF, Score

LOOKED_AT = ("about", "evaluate", "metric", "extractor")  # tables that say how a run is described and judged
WRITTEN = ("run.seed", "run.log", "run.sample", "run.beside", "run.save", "run.keep", "run.trackers", "run.workers")


@dataclass(frozen=True)
class Cell:
    """One score of several runs. spread: their standard deviation (n - 1), 0 for a single run."""

    values: tuple[float, ...]
    mean: float
    spread: float
    floor: float | None
    better: str
    best: bool
    """Best of all rows, or not to be told from the best: their means differ by no more than the larger spread."""


@dataclass(frozen=True)
class Row:
    """label: the settings in which this row differs from the others. cells: by the score's name."""

    label: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Comparison:
    """unequal: the score's name -> what differs between the protocols of its runs, which cannot be compared then."""

    rows: tuple[Row, ...]
    names: tuple[str, ...]
    unequal: Mapping[str, tuple[str, ...]]


def compare(runs: Sequence[RunFolder], names: Sequence[str] = ()) -> Comparison:
    """The newest score of each name of every run; names: the results that are wanted, with or without extractor."""
    groups: dict[str, list[RunFolder]] = {}
    for run in runs:
        groups.setdefault(json.dumps(_settings(run), sort_keys=True), []).append(run)
    newest = {run.folder: _newest(run, names) for run in runs}
    found = tuple(dict.fromkeys(name for scores in newest.values() for name in scores))
    labels = _labels([_settings(members[0]) for members in groups.values()], [m[0] for m in groups.values()])
    scores = [[newest[run.folder] for run in members] for members in groups.values()]
    cells = _cells(scores, found)
    rows = tuple(
        Row(
            label,
            tuple(run.folder.name for run in members),
            tuple(run.resolved["recipe"]["run"]["seed"] for run in members),
            own,
        )
        for label, members, own in zip(labels, groups.values(), cells, strict=True)
    )
    unequal = {name: _differences([s[name] for s in newest.values() if name in s]) for name in found}
    return Comparison(rows, found, {name: what for name, what in unequal.items() if what})


def _settings(run: RunFolder) -> dict[str, Any]:
    """What makes it the run it is, but for the seed and how it is looked at: {"loss.use": "ganzoo/hinge", ...}."""
    recipe = {table: value for table, value in run.resolved["recipe"].items() if table not in LOOKED_AT}
    return {key: value for key, value in flat(recipe) if key not in WRITTEN}


def _labels(settings: Sequence[Mapping[str, Any]], runs: Sequence[RunFolder]) -> list[str]:
    """The settings that not all share; what a new component brought along is left out, for its name says it."""
    keys = dict.fromkeys(key for one in settings for key in one)
    differing = [key for key in keys if any(one.get(key) != settings[0].get(key) for one in settings)]
    tables = {key.removesuffix(".use") for key in differing if key.endswith(".use")}
    told = [key for key in differing if key.endswith(".use") or key.rpartition(".")[0] not in tables]
    labels = [", ".join(f"{key}={_short(one[key])}" for key in told if key in one) for one in settings]
    return [label or run.resolved["name"] for label, run in zip(labels, runs, strict=True)]


def _short(value: Any) -> str:
    return value.removeprefix("ganzoo/") if isinstance(value, str) else json.dumps(value)


def _newest(run: RunFolder, names: Sequence[str]) -> dict[str, Score]:
    """By name, the last one that was made."""
    return {
        score.name: score
        for score in run.scores()
        if not names or score.name in names or score.name.partition("@")[0] in names
    }


def _cells(groups: Sequence[Sequence[Mapping[str, Score]]], names: Sequence[str]) -> list[dict[str, Cell]]:
    found: list[dict[str, Cell]] = [{} for _ in groups]
    for name in names:
        columns = {k: [run[name] for run in runs if name in run] for k, runs in enumerate(groups)}
        columns = {k: scores for k, scores in columns.items() if scores}
        values = {k: tuple(score.value for score in scores) for k, scores in columns.items()}
        means = {k: fmean(own) for k, own in values.items()}
        spreads = {k: stdev(own) if len(own) > 1 else 0.0 for k, own in values.items()}
        better = next(iter(columns.values()))[0].better
        winner = BEST_OF.get(better)
        first = winner(means, key=means.__getitem__) if winner else None
        for k, scores in columns.items():
            best = first is not None and abs(means[k] - means[first]) <= max(spreads[k], spreads[first])
            found[k][name] = Cell(values[k], means[k], spreads[k], scores[0].floor, better, best)
    return found


def _differences(scores: Sequence[Score]) -> tuple[str, ...]:
    """Where the protocols of one score differ, and the number of steps: "samples (500, 1000)"."""
    told = [{"step": score.step, **dict(flat(score.terms))} for score in scores]
    keys = dict.fromkeys(key for one in told for key in one)
    seen = {key: list(dict.fromkeys(json.dumps(one.get(key), sort_keys=True) for one in told)) for key in keys}
    return tuple(f"{key} ({', '.join(values)})" for key, values in seen.items() if len(values) > 1)
