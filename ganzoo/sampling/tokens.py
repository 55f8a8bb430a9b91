"""Samples that are token ids as text, one sample a line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from ganzoo.errors import one_line
from ganzoo.utils import atomic


def save(samples: Tensor, words: Sequence[str], path: Path) -> Path:
    """Token ids (N, T) to a file of N lines. Errors: ValueError for what is no row of ids."""
    if samples.dim() != 2 or samples.is_floating_point():
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} are no token ids")
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_file(path, "".join(f"{line}\n" for line in lines(samples, words)).encode())
    return path


def lines(samples: Tensor, words: Sequence[str]) -> list[str]:
    """Token ids (N, T) -> N lines.

    words: what each id stands for; none for the numbers themselves. Words of one character are put side by side,
    longer ones with a space between. An empty word, such as one that fills up short samples, leaves nothing.
    """
    between = "" if words and all(len(word) <= 1 for word in words) else " "
    rows = samples.tolist()
    if not words:
        return [between.join(map(str, row)) for row in rows]
    said = [between.join(words[i] for i in row if words[i]) for row in rows]
    return [one_line(line, len(line)) for line in said]
