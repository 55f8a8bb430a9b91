"""Verdict on a set of scores, in words: near the data or far from it, why, and what to try next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ganzoo.runs.scores import LEAST_RECALL, Score

Level = Literal["near", "between", "far", "copies", "unknown"]

NEAR_DISTANCE, FAR_DISTANCE = 3, 100  # times the floor
NEAR_SHARE = 0.75  # of the real samples' recall and coverage
COPIES = 0.05  # share of samples, above that of held-out ones
PRESENT = 0.8  # of the classes or modes; with no more, the samples are far from the data
SPECKLED, BLURRED = 1.25, 0.8  # high-frequency power relative to the floor
MISREAD = 0.1  # share of samples, below the real ones'
TITLES: dict[Level, str] = {
    "near": "Near the data",
    "between": "Some way from the data",
    "far": "Far from the data",
    "copies": "Copies of the data",
    "unknown": "No verdict: neither a distance nor recall or coverage was computed",
}


@dataclass(frozen=True)
class Verdict:
    """Judgement of a set of scores.

    Args:
        level: "near", "between" or "far" from the data; "copies" of it; "unknown" without a score that tells.
        reasons: The scores that decide, in words.
        advice: What to try next, with the page of the documentation; "" if nothing is wrong.
    """

    level: Level
    reasons: tuple[str, ...]
    advice: str

    @property
    def summary(self) -> str:
        """Return the verdict in a sentence, without advice."""
        reasons = f": {', '.join(self.reasons)}" if self.reasons else ""
        return f"{TITLES[self.level]}{reasons}."

    @property
    def text(self) -> str:
        """Return the verdict in a sentence or two."""
        return self.summary + (f" Next: {self.advice}" if self.advice else "")


def verdict(scores: Iterable[Score]) -> Verdict:
    """Judge the scores of one checkpoint, each by that of held-out real samples.

    Scores are known by their names: frechet_distance, recall, coverage, class_coverage, modes, copies, gan_test and
    high_frequency_power. Those that were not computed are not missed.

    Args:
        scores: The scores.

    Returns:
        The verdict.
    """
    known = {score.result: score for score in scores if score.floor is not None}
    level = _level(known)
    speckle, blur = _frequencies(known)
    reasons = [*_spread(known), *_classes(known), *_copies(known), *_agreement(known)]
    distance = known.get("frechet_distance")
    if distance and _ratio(distance) > NEAR_DISTANCE:
        reasons.insert(0, f"distance {_ratio(distance):,.0f} times that of real samples")
    power = known.get("high_frequency_power")
    if power and (speckle or blur):
        word = "speckled" if speckle else "blurred"
        reasons.append(f"{word} (power at high frequencies {_ratio(power):.2g} times that of real samples)")
        level = "between" if level == "near" else level
    return Verdict(level, tuple(reasons), _advice(level, known, speckle, blur))


def _level(known: dict[str, Score]) -> Level:
    copies, distance = known.get("copies"), known.get("frechet_distance")
    shares = [_ratio(known[name]) for name in ("recall", "coverage") if name in known]
    if copies and copies.floor is not None and copies.value > copies.floor + COPIES:
        return "copies"
    if not shares and distance is None:
        return "unknown"
    too_far = distance is not None and _ratio(distance) > FAR_DISTANCE
    if too_far or min(shares, default=1) < LEAST_RECALL or _present(known) <= PRESENT:
        return "far"
    close = distance is None or _ratio(distance) <= NEAR_DISTANCE
    if close and min(shares, default=1) >= NEAR_SHARE and _present(known) >= 1 and not [*_agreement(known)]:
        return "near"
    return "between"


def _spread(known: dict[str, Score]) -> Iterator[str]:
    for name in ("recall", "coverage"):
        if score := known.get(name):
            yield f"{name} {score.value:.2f} (real {score.floor:.2f})"


def _classes(known: dict[str, Score]) -> Iterator[str]:
    for name, noun in (("class_coverage", "classes"), ("modes", "modes")):
        if score := known.get(name):
            yield f"{score.value:.0f} of {score.floor:.0f} {noun}"


def _copies(known: dict[str, Score]) -> Iterator[str]:
    copies = known.get("copies")
    if copies and copies.floor is not None and copies.value > copies.floor + COPIES:
        yield f"{copies.value:.0%} of the samples are copies of training samples"


def _agreement(known: dict[str, Score]) -> Iterator[str]:
    agreed = known.get("gan_test")
    if agreed and agreed.floor is not None and agreed.value < agreed.floor - MISREAD:
        yield f"{agreed.value:.0%} read as the class asked for (real {agreed.floor:.0%})"


def _present(known: dict[str, Score]) -> float:
    """Return the smallest share of classes or modes that have samples."""
    return min((_ratio(known[name]) for name in ("class_coverage", "modes") if name in known), default=1.0)


def _frequencies(known: dict[str, Score]) -> tuple[bool, bool]:
    """Return whether the samples are speckled, and whether they are blurred."""
    power = known.get("high_frequency_power")
    ratio = _ratio(power) if power else 1.0
    return ratio > SPECKLED, ratio < BLURRED


def _ratio(score: Score) -> float:
    """Return the score relative to its floor; a floor of 0 is only reached by 0."""
    assert score.floor is not None
    if score.floor > 0:
        return score.value / score.floor
    return 1.0 if score.value <= score.floor else float("inf")


def _advice(level: Level, known: dict[str, Score], speckle: bool, blur: bool) -> str:
    collapsed = "recall" in known and _ratio(known["recall"]) < LEAST_RECALL
    if level == "copies":
        return "more data, augmentation or fewer steps (docs/diagnosis.md, memorising)."
    if level == "far" and (collapsed or _present(known) <= PRESENT):
        return "if it still improves, more steps; if not, a remedy for mode collapse (docs/diagnosis.md)."
    if level == "far":
        return "more steps, or a recipe that draws this kind of data well (docs/recipes.md)."
    if speckle:
        return "a convolutional generator, or an average of the weights (run.ema; docs/recipes.md)."
    if blur:
        return "more steps, or a stronger discriminator (docs/diagnosis.md)."
    if level == "between":
        return "more steps; compare settings by `ganzoo compare` (docs/metrics.md)."
    return ""


def plain(result: Verdict) -> dict[str, str | Sequence[str]]:
    """Return a verdict as JSON values."""
    return {"level": result.level, "text": result.text, "reasons": [*result.reasons], "advice": result.advice}
