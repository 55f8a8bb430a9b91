"""A score: a number that says what it was computed from."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo.utils import atomic

BEST_OF = {"lower": min, "higher": max}  # by Score.better; of "nearer" there is no best
ONLY_TOLD = ("versions",)  # with every score, and no reason to call two scores unequal


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

    @property
    def terms(self) -> dict[str, Any]:
        """What of the protocol two scores have to share to be compared."""
        return {key: value for key, value in self.protocol.items() if key not in ONLY_TOLD}

    @property
    def kind(self) -> tuple[str, str]:
        """Name and terms: equal for scores that can be compared."""
        return self.name, json.dumps(self.terms, sort_keys=True)


def append(path: Path, scores: Iterable[Score]) -> None:
    """A last line that was cut off stays alone: what is added begins on another. Errors: OSError."""
    lines = "".join(json.dumps(asdict(score)) + "\n" for score in scores)
    with path.open("a+b") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            lines = lines if file.read() == b"\n" else "\n" + lines
        file.write(lines.encode())


def forget_after(path: Path, step: int) -> None:
    """Drop the scores of later steps. Errors: OSError."""
    scores = [*read(path)]
    kept = [score for score in scores if score.step <= step]
    if len(kept) < len(scores):
        atomic.write_file(path, "".join(json.dumps(asdict(score)) + "\n" for score in kept).encode())


def read(path: Path) -> Iterator[Score]:
    """Every score of a file; none where there is no file. A line that was cut off, or is no score, is passed over."""
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                score = Score(**json.loads(line))
            except (ValueError, TypeError):
                continue
            if _whole(score):
                yield score


def _whole(score: Score) -> bool:
    """Whether each part is of its kind, as nobody but this file and an editor may have written it."""
    numbers = [score.value] if score.floor is None else [score.value, score.floor]
    return (
        isinstance(score.step, int)
        and isinstance(score.name, str)
        and isinstance(score.better, str)
        and isinstance(score.protocol, dict)
        and all(isinstance(number, (int, float)) and math.isfinite(number) for number in numbers)
    )
