"""Scores: results of metrics, each with the protocol by which it was computed."""

from __future__ import annotations

import html
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo.utils import atomic, regular

BEST_OF = {"lower": min, "higher": max}  # by Score.better; "nearer" has no best
LEAST_RECALL = 0.1  # of the real samples' recall, below which no other score says anything
FIRST = (  # results in the order in which they are read; others follow
    "frechet_distance",
    "recall",
    "precision",
    "coverage",
    "gan_test",
    "nearest_neighbour",
    "copies",
    "class_coverage",
    "high_frequency_power",
)
NOT_COMPARED = ("versions",)  # parts of the protocol that may differ between comparable scores


@dataclass(frozen=True)
class Score:
    """One line of scores.jsonl.

    Attributes:
        step: Step of the checkpoint.
        name: The result and its extractor, such as "frechet_distance@referee"; without an extractor there is no @.
        value: The result.
        floor: Score of held-out real samples, or None when there is none.
        better: "lower", "higher", or "nearer" for nearer to the floor.
        protocol: The data and the number of real samples; number, weights and seed of the generated ones; settings of
            the metric and the extractor, and the extractor's digest and facts. Scores can be compared only when their
            protocols are equal, except for the versions of packages.
    """

    step: int
    name: str
    value: float
    floor: float | None
    better: str
    protocol: Mapping[str, Any]

    @property
    def result(self) -> str:
        """The name without the extractor."""
        return self.name.partition("@")[0]

    @property
    def terms(self) -> dict[str, Any]:
        """The part of the protocol that comparable scores have in common."""
        return {key: value for key, value in self.protocol.items() if key not in NOT_COMPARED}

    @property
    def kind(self) -> tuple[str, str]:
        """Name and terms, which are equal for comparable scores."""
        return self.name, json.dumps(self.terms, sort_keys=True)

    def _repr_html_(self) -> str:
        return table([self])


class Scores(list[Score]):
    """Scores as a list, which notebooks show as a table."""

    def _repr_html_(self) -> str:
        return table(self)


def table(scores: Iterable[Score]) -> str:
    """Return scores as a table in HTML: step, result, value, value of real samples, and which values are better."""
    rows = [(one.step, one.name, _digits(one.value), _digits(one.floor), one.better) for one in scores]
    head = ["step", "score", "value", "real samples", "better"]
    cells = [f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows]
    return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{''.join(cells)}</table>"


def _digits(number: float | None) -> str:
    return "" if number is None else f"{number:.4g}"


def place(name: str) -> int:
    """Return the place of a score in tables: distance, recall, precision, coverage, agreement, then the others.

    Args:
        name: Name of the score, with or without the extractor.

    Returns:
        The place, from 0.
    """
    result = name.partition("@")[0]
    return FIRST.index(result) if result in FIRST else len(FIRST)


def covers(score: Score | None) -> bool:
    """Return False when a recall is less than a tenth of that of real samples; True when it is unknown."""
    return score is None or score.floor is None or score.value >= LEAST_RECALL * score.floor


def has_name(result: str, name: str) -> bool:
    """Return True when a result has this name, with or without its extractor; every result has the name ""."""
    return name in ("", result, result.partition("@")[0])


def deciding(scores: Iterable[Score], name: str) -> Score | None:
    """Return the first score that has a better direction, and this name if one is given.

    Args:
        scores: Scores of a step.
        name: The setting `evaluate.best`, with or without the extractor; "" for the first suitable result.

    Returns:
        The score, or None if there is none.
    """
    for score in scores:
        if has_name(score.name, name) and score.better in BEST_OF:
            return score
    return None


def append(path: Path, scores: Iterable[Score]) -> None:
    """Append scores to a file, on a new line when the last one was cut off.

    Args:
        path: A scores.jsonl, created when missing.
        scores: The scores.

    Raises:
        OSError: The file cannot be written.
    """
    lines = "".join(json.dumps(asdict(score)) + "\n" for score in scores)
    regular.check_missing(path)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            lines = lines if file.read() == b"\n" else "\n" + lines
        file.write(lines.encode())


def forget_after(path: Path, step: int) -> None:
    """Delete the scores of steps after `step`.

    Args:
        path: A scores.jsonl.
        step: The last step whose scores stay.

    Raises:
        OSError: The file cannot be written.
    """
    scores = [*read(path)]
    remaining = [score for score in scores if score.step <= step]
    if len(remaining) < len(scores):
        atomic.write_file(path, "".join(json.dumps(asdict(score)) + "\n" for score in remaining).encode())


def read(path: Path) -> Iterator[Score]:
    """Yield every score of a regular file, none when it is missing or a link. Lines without a score are skipped."""
    try:
        with regular.open_file(path) as lines:
            yield from filter(None, map(_parsed, lines))
    except OSError:
        return


def _parsed(line: bytes) -> Score | None:
    """Return the score of a line, None when it holds none."""
    try:
        score = Score(**regular.parse_json(line))
    except (ValueError, TypeError):
        return None
    return score if is_valid(score) else None


def is_valid(score: Score) -> bool:
    """Return True when every attribute has its type: the file may have been edited by hand."""
    numbers = [score.value] if score.floor is None else [score.value, score.floor]
    return (
        isinstance(score.step, int)
        and isinstance(score.name, str)
        and isinstance(score.better, str)
        and isinstance(score.protocol, dict)
        and all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers)
    )
