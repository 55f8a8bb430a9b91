"""Protocols of scores, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ganzoo.runs.scores import Score


def lines(scores: Sequence[Score]) -> list[str]:
    """Return what scores of one protocol were compared with: the real samples and the extractor, a line each."""
    shared = scores[0].protocol
    text = [f"real samples: {shared['real']}; held out: {shared['held_out']}"]
    extractor = next((score.protocol["extractor"] for score in scores if "extractor" in score.protocol), None)
    if extractor:
        facts = ", ".join(
            f"{key} {_short(value)}"
            for key, value in extractor.items()
            if key not in ("use", "digest") and not isinstance(value, dict)
        )
        title = f"extractor {extractor['use']} {extractor['digest'][:12]}".strip()
        text.append(f"{title}: {facts}" if facts else title)
    return text


def _short(value: object) -> str:
    if isinstance(value, list | tuple):
        return " and ".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
