"""Comparison of runs; those that differ only in their seed share a row, with mean and standard deviation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from ganzoo.config.parser import flat
from ganzoo.runs import scores
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import BEST_OF, Score

IGNORED_TABLES = ("about", "evaluate", "metric", "extractor")  # they change neither weights nor samples
IGNORED_SETTINGS = tuple(
    f"run.{setting}" for setting in ("seed", "log", "sample", "beside", "save", "keep", "trackers", "workers")
)
NO_SEED = 0  # the default, in a file that does not name it


@dataclass(frozen=True)
class Cell:
    """One score of the runs in a row.

    Attributes:
        values: The score of each run.
        mean: Mean of the values.
        spread: Standard deviation of the values (n - 1), 0 for a single run.
        floor: Score of held-out real samples, or None.
        better: "lower", "higher" or "nearer", as in Score.
        best: True for the best row and for all whose mean differs from it by at most the larger of the two spreads.
            Rows with a run whose recall is less than a tenth of that of real samples are left out: they have lost most
            of the data, whatever the other scores say.
    """

    values: tuple[float, ...]
    mean: float
    spread: float
    floor: float | None
    better: str
    best: bool


@dataclass(frozen=True)
class Row:
    """Runs that differ only in their seed.

    Attributes:
        label: The settings in which this row differs from the others.
        runs: Names of the run folders.
        seeds: The seed of each run.
        cells: The scores, by name.
    """

    label: str
    runs: tuple[str, ...]
    seeds: tuple[int, ...]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Comparison:
    """The table of compared runs.

    Attributes:
        rows: The rows, in the order of the runs.
        names: Names of all scores.
        unequal: For scores that cannot be compared, by name, the differences between their protocols.
    """

    rows: tuple[Row, ...]
    names: tuple[str, ...]
    unequal: Mapping[str, tuple[str, ...]]


def compare(runs: Sequence[RunFolder], names: Sequence[str] = ()) -> Comparison:
    """Compare runs by the newest score of each name.

    Args:
        runs: The runs.
        names: Results to compare, with or without "@extractor"; all by default.

    Returns:
        The table.
    """
    groups: dict[str, list[RunFolder]] = {}
    for run in runs:
        groups.setdefault(json.dumps(_settings(run), sort_keys=True), []).append(run)
    newest = {run.folder: _newest(run, names) for run in runs}
    present = tuple(sorted(dict.fromkeys(name for found in newest.values() for name in found), key=scores.place))
    labels = _labels([_settings(members[0]) for members in groups.values()], [m[0] for m in groups.values()])
    found = [[newest[run.folder] for run in members] for members in groups.values()]
    collapsed = {
        k for k, members in enumerate(groups.values()) if not all(scores.covers(recall(run)) for run in members)
    }
    cells = _cells(found, present, collapsed)
    rows = tuple(
        Row(
            label,
            tuple(run.folder.name for run in members),
            tuple(run.resolved["recipe"]["run"].get("seed", NO_SEED) for run in members),
            row_cells,
        )
        for label, members, row_cells in zip(labels, groups.values(), cells, strict=True)
    )
    unequal = {name: differences([s[name] for s in newest.values() if name in s]) for name in present}
    return Comparison(rows, present, {name: found for name, found in unequal.items() if found})


def recall(run: RunFolder) -> Score | None:
    """Return the newest recall of a run, None when it has none."""
    return next((score for score in reversed(run.scores()) if score.result == "recall"), None)


def _settings(run: RunFolder) -> dict[str, Any]:
    """Return the settings that training depends on, without the seed: {"loss.use": "ganzoo/hinge", ...}."""
    recipe = {table: value for table, value in run.resolved["recipe"].items() if table not in IGNORED_TABLES}
    return {key: value for key, value in flat(recipe) if key not in IGNORED_SETTINGS}


def _labels(settings: Sequence[Mapping[str, Any]], runs: Sequence[RunFolder]) -> list[str]:
    """Return the settings in which rows differ: "loss.use=hinge", "regularizer=r1+spectral_norm, schedule=none".

    Where components differ, settings are shown only if rows with equal components differ in them.
    """
    keys = dict.fromkeys(key for row in settings for key in row)
    differing = [key for key in keys if any(row.get(key) != settings[0].get(key) for row in settings)]
    tables = dict.fromkeys(_table(key) for key in differing)
    labels = []
    for row in settings:
        shown: list[str] = []
        for table in tables:
            uses = [_uses(other, table) for other in settings]
            if any(other != uses[0] for other in uses):
                shown += _component(row, table, several=any(f"{table}.0.use" in other for other in settings))
            alike = [other for other, used in zip(settings, uses, strict=True) if used == _uses(row, table)]
            shown += [
                f"{key}={_short(row[key])}"
                for key in differing
                if _table(key) == table
                and key != table  # an empty list
                and not key.endswith(".use")
                and key in row
                and any(other.get(key) != row[key] for other in alike)
            ]
        labels.append(", ".join(shown))
    return [label or run.resolved["name"] for label, run in zip(labels, runs, strict=True)]


def _table(key: str) -> str:
    """Return the table of a setting, that of all of them in a list: "regularizer" of "regularizer.0.weight"."""
    table = key.rpartition(".")[0] or key
    head, _, last = table.rpartition(".")
    return head if head and last.isdigit() else table


def _uses(row: Mapping[str, Any], table: str) -> list[str]:
    """Return the components of a table, or of a list of tables in their order."""
    return [value for key, value in row.items() if key.endswith(".use") and _table(key) == table]


def _component(row: Mapping[str, Any], table: str, several: bool) -> list[str]:
    """Return how the components of a table are shown: as they are written on the command line."""
    uses = "+".join(_short(use) for use in _uses(row, table))
    return [f"{table}={uses or 'none'}" if several or not uses else f"{table}.use={uses}"]


def _short(value: Any) -> str:
    return value.removeprefix("ganzoo/") if isinstance(value, str) else json.dumps(value)


def _newest(run: RunFolder, names: Sequence[str]) -> dict[str, Score]:
    """Return the last score of each name."""
    return {
        score.name: score
        for score in run.scores()
        if not names or score.name in names or score.name.partition("@")[0] in names
    }


def _cells(
    groups: Sequence[Sequence[Mapping[str, Score]]], names: Sequence[str], collapsed: Set[int]
) -> list[dict[str, Cell]]:
    """Return the cells of each row, by name; the rows of `collapsed` are never the best."""
    cells: list[dict[str, Cell]] = [{} for _ in groups]
    for name in names:
        columns = {k: [run[name] for run in runs if name in run] for k, runs in enumerate(groups)}
        columns = {k: column for k, column in columns.items() if column}
        values = {k: tuple(score.value for score in column) for k, column in columns.items()}
        means = {k: fmean(scored) for k, scored in values.items()}
        spreads = {k: stdev(scored) if len(scored) > 1 else 0.0 for k, scored in values.items()}
        better = next(iter(columns.values()))[0].better
        winner = BEST_OF.get(better)
        eligible = means.keys() - collapsed
        first = winner(sorted(eligible), key=means.__getitem__) if winner and eligible else None
        for k, column in columns.items():
            equal = first is not None and abs(means[k] - means[first]) <= max(spreads[k], spreads[first])
            best = equal and k in eligible
            cells[k][name] = Cell(values[k], means[k], spreads[k], column[0].floor, better, best)
    return cells


def differences(compared: Sequence[Score]) -> tuple[str, ...]:
    """Return the differences between the protocols or steps of scores of one name: ("samples (500, 1000)",)."""
    protocols = [{"step": score.step, **dict(flat(score.terms))} for score in compared]
    keys = dict.fromkeys(key for terms in protocols for key in terms)
    distinct = {key: dict.fromkeys(json.dumps(terms.get(key), sort_keys=True) for terms in protocols) for key in keys}
    return tuple(f"{key} ({', '.join(values)})" for key, values in distinct.items() if len(values) > 1)
