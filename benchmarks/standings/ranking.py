"""Rows of the league: cells of one GAN over its seeds, with mean and spread, and what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from ganzoo.runs.scores import BEST_OF
from standings.cells import Cell, judge_digest
from standings.systems import System
from standings.training import PROTOCOL

SEEDS = (0, 1, 2)
LEAST_RECALL = 0.1  # of the recall of real samples, for a score that is set in bold
MAIN = "frechet_distance"


@dataclass(frozen=True)
class Value:
    """A result over seeds.

    Attributes:
        mean: Mean.
        spread: Standard deviation (n - 1), 0 for one seed.
    """

    mean: float
    spread: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Value:
        """Return mean and spread of one value or more."""
        return cls(fmean(values), stdev(values) if len(values) > 1 else 0.0)


@dataclass(frozen=True)
class Row:
    """One GAN on one dataset.

    Attributes:
        name: Name of the system.
        system: The system, None when the zoo no longer has it.
        cells: The cells that the row is computed from.
        stale: Seed -> reason, for cells that do not count; if no other is there, the row is computed from them.
    """

    name: str
    system: System | None
    cells: tuple[Cell, ...]
    stale: Mapping[int, str]

    @property
    def is_stale(self) -> bool:
        """True when no cell counts."""
        return all(cell["seed"] in self.stale for cell in self.cells)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that count."""
        return tuple(cell["seed"] for cell in self.cells if cell["seed"] not in self.stale)

    @property
    def counts(self) -> bool:
        """True when all seeds are there."""
        return set(SEEDS) <= {*self.seeds}

    @property
    def not_scored(self) -> list[str]:
        """The reason for each seed without scores, such as a training that diverged."""
        return [cell["not_scored"] for cell in self.cells if cell["not_scored"]]

    def value(self, score: str) -> Value | None:
        """Return a score over the seeds that have it, None when none has."""
        values = [cell["scores"][score]["value"] for cell in self.cells if score in cell["scores"]]
        return Value.of(values) if values else None

    def training(self, key: str) -> Value:
        """Return an entry of the cells' table "training" over all seeds."""
        return Value.of([cell["training"][key] for cell in self.cells])


def rows(systems: Mapping[str, System], cells: Sequence[Cell]) -> list[Row]:
    """Group the cells of one dataset by GAN, and rank them.

    Args:
        systems: The systems by name.
        cells: The cells.

    Returns:
        First the rows that count, by their mean Fréchet distance; then those that lack seeds; then stale ones.
    """
    judge = current_judge(cells)
    grouped: dict[str, list[Cell]] = {}
    for cell in cells:
        if cell["seed"] in SEEDS:
            grouped.setdefault(cell["system"], []).append(cell)
    ranked = [_row(name, systems.get(name), members, judge) for name, members in grouped.items()]
    return sorted(ranked, key=_rank)


def _row(name: str, system: System | None, cells: Sequence[Cell], judge: str) -> Row:
    stale = {cell["seed"]: reason for cell in cells if (reason := staleness(cell, system, judge))}
    fresh = [cell for cell in cells if cell["seed"] not in stale]
    return Row(name, system, tuple(fresh or cells), stale)


def _rank(row: Row) -> tuple[bool, bool, float, str]:
    distance = row.value(MAIN)
    return row.is_stale, not row.counts, distance.mean if distance else float("inf"), row.name


def current_judge(cells: Sequence[Cell]) -> str:
    """Return the digest of the protocol by which the newest cell was judged, "" without cells."""
    judged = [cell for cell in cells if judge_digest(cell)]
    return judge_digest(max(judged, key=lambda cell: cell["date"])) if judged else ""


def staleness(cell: Cell, system: System | None, judge: str = "") -> str:
    """Return why a cell no longer counts, "" when it does.

    Args:
        cell: The cell.
        system: The system as it is now, None when there is none.
        judge: Digest of the current judge, "" to accept any.
    """
    if system is None:
        return "the zoo no longer has this GAN"
    if cell["training"]["budget"] != PROTOCOL:
        return f"trained for {cell['training']['budget']:g} seconds"
    if cell["threads"] != 1:
        return f"trained on {cell['threads']} threads"
    if cell["digest"] != system.digest:
        return "its recipe or networks have changed"
    if judge and judge_digest(cell) not in ("", judge):
        return "judged by an earlier referee or protocol"
    return ""


def best(table: Sequence[Row], score: str) -> set[str]:
    """Return the names of the rows whose score is set in bold.

    These are the best row and all whose mean differs from it by at most the larger of the two spreads, of the rows that
    count, have a score for each seed, and whose recall is at least a tenth of that of real samples.

    Args:
        table: All rows of a dataset.
        score: Name of the score.

    Returns:
        The names.
    """
    values = {row.name: value for row in table if deserves_bold(row) and (value := row.value(score))}
    better = next(
        (cell["scores"][score]["better"] for row in table for cell in row.cells if score in cell["scores"]), ""
    )
    if not values or better not in BEST_OF:
        return set()
    first = values[BEST_OF[better](values, key=lambda name: values[name].mean)]
    return {name for name, value in values.items() if abs(value.mean - first.mean) <= max(value.spread, first.spread)}


def deserves_bold(row: Row) -> bool:
    """Return True when a row counts, has scores for all seeds, and covers enough of the data."""
    recall = row.value("recall")
    if not row.counts or row.not_scored or recall is None:
        return False
    return recall.mean >= LEAST_RECALL * row.cells[0]["scores"]["recall"]["floor"]
