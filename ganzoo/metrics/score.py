"""A score: a number that says what it was computed from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo import files


@dataclass(frozen=True)
class Score:
    """One line of scores.jsonl.

    name: the result and what it was seen by, "frechet_distance@referee"; a metric of samples alone has no @.
    floor: what held-out real samples score; None where there is no such thing. better: lower, higher, or nearer.
    protocol: the data and its real samples, how many were generated, by which weights and seed, the metric's and the
    extractor's settings, the extractor's digest and what it says of itself. Scores of unequal protocols say nothing
    of each other.
    """

    step: int
    name: str
    value: float
    floor: float | None
    better: str
    protocol: Mapping[str, Any]


def append(path: Path, scores: Iterable[Score]) -> None:
    """Errors: OSError."""
    lines = "".join(json.dumps(asdict(score)) + "\n" for score in scores)
    with path.open("a", encoding="utf-8") as file:
        file.write(lines)


def forget_after(path: Path, step: int) -> None:
    """Drop the scores of later steps. Errors: OSError."""
    scores = [*read(path)]
    kept = [score for score in scores if score.step <= step]
    if len(kept) < len(scores):
        files.write(path, "".join(json.dumps(asdict(score)) + "\n" for score in kept).encode())


def read(path: Path) -> Iterator[Score]:
    """Every score of a file; none where there is no file. A line that was cut off is passed over."""
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                yield Score(**json.loads(line))
            except (ValueError, TypeError):
                continue
