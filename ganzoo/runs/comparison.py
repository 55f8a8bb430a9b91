"""Comparison of runs; those that differ only in their seed share a row, with mean and standard deviation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from statistics import fmean, stdev

from ganzoo.config.parser import flat
from ganzoo.runs import labels, scores
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import BEST_OF, Score

NO_SEED = 0  # the default, in a file that does not name it


@dataclass(frozen=True)
class Group:
    """Runs that differ only in their seed.

    Attributes:
        label: The settings in which they differ from other groups.
        runs: The runs.
    """

    label: str
    runs: tuple[RunFolder, ...]


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
    groups = grouped(runs)
    newest = {run.folder: _newest(run, names) for run in runs}
    present = tuple(sorted(dict.fromkeys(name for found in newest.values() for name in found), key=scores.place))
    found = [[newest[run.folder] for run in group.runs] for group in groups]
    collapsed = {k for k, group in enumerate(groups) if not all(scores.covers(recall(run)) for run in group.runs)}
    cells = _cells(found, present, collapsed)
    rows = tuple(
        Row(
            group.label,
            tuple(run.folder.name for run in group.runs),
            tuple(seed_of(run) for run in group.runs),
            row_cells,
        )
        for group, row_cells in zip(groups, cells, strict=True)
    )
    same_length = all(labels.patience(run.resolved["recipe"]) is None for run in runs)
    unequal = {name: differences([s[name] for s in newest.values() if name in s], same_length) for name in present}
    return Comparison(rows, present, {name: found for name, found in unequal.items() if found})


def grouped(runs: Sequence[RunFolder]) -> list[Group]:
    """Group runs that differ only in their seed, in the order of the first of each group.

    Args:
        runs: The runs.

    Returns:
        The groups. Where no setting differs, a group is named by its recipe.
    """
    members: dict[str, list[RunFolder]] = {}
    for run in runs:
        settings = labels.settings_of(run.resolved["recipe"])
        members.setdefault(json.dumps(settings, sort_keys=True), []).append(run)
    named = labels.labels([json.loads(settings) for settings in members])
    return [
        Group(label or group[0].resolved["name"], tuple(group))
        for label, group in zip(named, members.values(), strict=True)
    ]


def seed_of(run: RunFolder) -> int:
    """Return `run.seed`."""
    seed: int = run.resolved["recipe"]["run"].get("seed", NO_SEED)
    return seed


def recall(run: RunFolder) -> Score | None:
    """Return the newest recall of a run, None when it has none."""
    return next((score for score in reversed(run.scores()) if score.result == "recall"), None)


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


def differences(compared: Sequence[Score], same_length: bool = True) -> tuple[str, ...]:
    """Find the differences between the protocols of scores of one name: ("samples (500, 1000)",).

    Args:
        compared: The scores.
        same_length: Compare the steps as well; runs that decide themselves how long they train may differ in them.

    Returns:
        Each difference with its values.
    """
    steps = [{"step": score.step} if same_length else {} for score in compared]
    protocols = [{**step, **dict(flat(score.terms))} for step, score in zip(steps, compared, strict=True)]
    keys = dict.fromkeys(key for terms in protocols for key in terms)
    distinct = {key: dict.fromkeys(json.dumps(terms.get(key), sort_keys=True) for terms in protocols) for key in keys}
    return tuple(f"{key} ({', '.join(values)})" for key, values in distinct.items() if len(values) > 1)
