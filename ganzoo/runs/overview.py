"""Overview of a folder of runs: their different settings and best score. Imports neither PyTorch nor pydantic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config.parser import flat
from ganzoo.runs import labels, layout, scores
from ganzoo.runs.scores import BEST_OF, Score
from ganzoo.utils import regular


@dataclass(frozen=True)
class Overview:
    """A run among others.

    Attributes:
        settings: The settings in which it differs from other runs of its recipe, with the seed; "" for none.
        score: Its newest score that `evaluate.best` names, or the first with a better direction; None for none.
        best: True when no comparable score of another run is better, and there is one.
    """

    settings: str
    score: Score | None
    best: bool


def of(folders: Sequence[Path]) -> list[Overview]:
    """Return an overview of each run.

    Args:
        folders: Run folders. One that cannot be read differs in nothing.

    Returns:
        The overviews, in the same order.
    """
    resolved = [_resolved(folder) for folder in folders]
    found = [_score(folder, content) for folder, content in zip(folders, resolved, strict=True)]
    settings = _settings(resolved)
    best = _best(found, [_covers(folder) for folder in folders])
    return [Overview(*one) for one in zip(settings, found, best, strict=True)]


def _resolved(folder: Path) -> Mapping[str, Any]:
    """Return the content of resolved.json; nothing where it is missing or damaged."""
    try:
        content = regular.read_json(folder / layout.RESOLVED)
    except (OSError, ValueError):
        return {}
    is_sound = isinstance(content, dict) and isinstance(content.get("recipe"), dict)
    return content if is_sound and isinstance(content["recipe"].get("run"), dict) else {}


def _settings(resolved: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the settings that differ among the runs of each recipe, and their seeds."""
    found = [""] * len(resolved)
    for name in {str(content.get("name")) for content in resolved if content}:
        members = [k for k, content in enumerate(resolved) if content and str(content.get("name")) == name]
        recipes = [resolved[k]["recipe"] for k in members]
        seeds = [{"run.seed": recipe["run"].get("seed", 0)} for recipe in recipes]
        told = labels.labels([labels.settings_of(recipe) | seed for recipe, seed in zip(recipes, seeds, strict=True)])
        for k, label in zip(members, told, strict=True):
            found[k] = label
    return found


def _score(folder: Path, resolved: Mapping[str, Any]) -> Score | None:
    evaluate = dict(flat(resolved.get("recipe", {}))).get("evaluate.best", "")
    newest = {score.name: score for score in scores.read(folder / layout.SCORES)}
    in_order = sorted(newest.values(), key=lambda score: scores.place(score.name))
    return scores.deciding(in_order, str(evaluate))


def _covers(folder: Path) -> bool:
    """Return False for a run that has lost most of the data, see scores.covers()."""
    found = [score for score in scores.read(folder / layout.SCORES) if score.result == "recall"]
    return scores.covers(found[-1] if found else None)


def _best(found: Sequence[Score | None], eligible: Sequence[bool]) -> list[bool]:
    """Return for each score whether it is the best of at least two with its name and protocol."""
    best = [False] * len(found)
    for kind in {score.kind for score in found if score}:
        members = [(k, score) for k, score in enumerate(found) if score and score.kind == kind]
        candidates = [(k, score) for k, score in members if eligible[k]]
        if len(members) < 2 or not candidates:
            continue
        top = BEST_OF[candidates[0][1].better](score.value for _, score in candidates)
        for k, score in candidates:
            best[k] = score.value == top
    return best
