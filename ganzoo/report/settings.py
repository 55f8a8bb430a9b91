"""The comparison at the head of a report of several runs: runs that differ only in their seed are one setting."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from markupsafe import Markup

from ganzoo.report import chart
from ganzoo.report.contents import Contents, differences, labels
from ganzoo.report.curves import Chart, Curve, family
from ganzoo.report.scores import band
from ganzoo.runs import comparison, score_curves
from ganzoo.runs.comparison import Cell, Comparison, Group
from ganzoo.sampling.run import Run

FEW = 3  # settings whose names stand in the legend of every chart; more have letters there


@dataclass(frozen=True)
class Setting:
    """Runs that differ only in their seed.

    Attributes:
        label: What tells the setting from others.
        members: Numbers of its runs in the report.
        runs: Their contents.
        seeds: The seed of each.
        cells: Mean and spread of each score, by its name.
    """

    label: str
    members: tuple[int, ...]
    runs: tuple[Contents, ...]
    seeds: tuple[int, ...]
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class Overview:
    """The comparison of several runs.

    Attributes:
        settings: The settings.
        names: Names of all scores.
        differences: Settings of recipes that differ, each with its value in every setting of the comparison.
        charts: A chart for each score, then for each logged value, with a curve for each setting.
        unequal: As for comparison.Comparison.
    """

    settings: list[Setting]
    names: tuple[str, ...]
    differences: list[tuple[str, list[str]]]
    charts: list[tuple[Chart, Markup]]
    unequal: Mapping[str, tuple[str, ...]]

    @property
    def floors(self) -> dict[str, float]:
        """The scores of real samples, by name, where there are any."""
        cells = [(name, cell) for setting in self.settings for name, cell in setting.cells.items()]
        return {name: cell.floor for name, cell in cells if cell.floor is not None}

    @property
    def has_seeds(self) -> bool:
        """True when a setting has several runs."""
        return any(len(setting.members) > 1 for setting in self.settings)


def overview(runs: Sequence[Run], contents: Sequence[Contents]) -> Overview:
    """Compare runs.

    Args:
        runs: The runs.
        contents: The contents of each.

    Returns:
        The comparison.
    """
    groups, table = comparison.grouped(runs), comparison.compare(runs)
    numbers = {id(run): k for k, run in enumerate(runs)}
    members = [tuple(numbers[id(run)] for run in group.runs) for group in groups]
    settings = _settings(table, members, contents)
    firsts = [contents[own[0]] for own in members]
    rows = [row for row in differences(firsts) if row[0] != "run.seed" or len(groups) == len(runs)]
    return Overview(settings, table.names, rows, _charts(groups, settings, table.names, contents), table.unequal)


def letter(k: int) -> str:
    """Return the letter of setting k in a comparison: A, B, ..., Z, 27, 28, ..."""
    return chr(ord("A") + k) if k < 26 else str(k + 1)


def _settings(table: Comparison, members: Sequence[tuple[int, ...]], contents: Sequence[Contents]) -> list[Setting]:
    firsts = [contents[own[0]] for own in members]
    named = labels(firsts, seeded=len(members) == len(contents))
    return [
        Setting(label, own, tuple(contents[k] for k in own), row.seeds, row.cells)
        for label, own, row in zip(named, members, table.rows, strict=True)
    ]


def _charts(
    groups: Sequence[Group], settings: Sequence[Setting], names: Sequence[str], contents: Sequence[Contents]
) -> list[tuple[Chart, Markup]]:
    """Return the charts that at least two runs have values for: scores, then losses and outputs, speed last."""
    titles = [
        f"{letter(k)} {setting.label}" if len(settings) <= FEW else letter(k) for k, setting in enumerate(settings)
    ]
    charts = [Chart(name, _scores(groups, titles, name)) for name in names]
    logged = dict.fromkeys(name for run in contents for name in run.curves)
    in_order = sorted(logged, key=lambda name: (family(name) == "Speed", "/" not in name))
    for name in in_order:
        lines = [[contents[k].curves[name] for k in own.members if name in contents[k].curves] for own in settings]
        charts.append(Chart(name, [_mean(title, own) for title, own in zip(titles, lines, strict=True)]))
    shared = [one for one in charts if sum(max(1, len(line.members)) for line in one.curves if line.points) > 1]
    return [(one, chart.svg(one, f"common-{k}")) for k, one in enumerate(shared)]


def _scores(groups: Sequence[Group], titles: Sequence[str], name: str) -> list[Curve]:
    """Return the curve of a score for each setting; of one without it, a curve without points."""
    found = {id(one): title for one, title in zip(groups, titles, strict=True)}
    return [band(found[id(group)], next(iter(score_curves.curves([group], name, "steps")), None)) for group in groups]


def _mean(title: str, lines: Sequence[Curve]) -> Curve:
    """Return the mean of curves and their standard deviation at the steps that all have, and the curves themselves."""
    if len(lines) < 2:
        return Curve(title, lines[0].points if lines else [])
    values = [{step: value for step, value, *_ in line.points} for line in lines]
    points = []
    for step in values[0]:
        if all(step in own for own in values):
            at = [own[step] for own in values]
            points.append((step, fmean(at), fmean(at) - stdev(at), fmean(at) + stdev(at)))
    members = tuple([(step, value) for step, value, *_ in line.points] for line in lines)
    alone = [(step, value, value, value) for step, value in itertools.chain(*members)]
    return Curve(title, points or alone[: len(members[0])], members=members)
