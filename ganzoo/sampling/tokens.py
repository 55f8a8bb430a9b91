"""Samples of token ids as text, one sample per line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from ganzoo.errors import one_line
from ganzoo.utils import atomic


def save(samples: Tensor, words: Sequence[str], path: Path) -> Path:
    """Write token ids to a text file, one sample per line.

    Args:
        samples: Token ids (N, T).
        words: Text of each id; empty to write the ids themselves.
        path: The file.

    Returns:
        The file.

    Raises:
        ValueError: The samples are no token ids.
    """
    check(samples)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_file(path, "".join(f"{line}\n" for line in lines(samples, words)).encode())
    return path


def check(samples: Tensor) -> None:
    """Check that samples are token ids.

    Args:
        samples: The samples.

    Raises:
        ValueError: They are not.
    """
    if samples.dim() != 2 or samples.is_floating_point():
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} are not token ids")


def lines(samples: Tensor, words: Sequence[str]) -> list[str]:
    """Return token ids as text, one line per sample.

    Args:
        samples: Token ids (N, T).
        words: Text of each id; empty for the ids themselves. Single characters are joined without a space, longer
            words with one. Ids with an empty text, such as padding, are left out.

    Returns:
        N lines.
    """
    separator = "" if words and all(len(word) <= 1 for word in words) else " "
    rows = samples.tolist()
    if not words:
        return [separator.join(map(str, row)) for row in rows]
    texts = [separator.join(words[i] for i in row if words[i]) for row in rows]
    return [one_line(text, len(text)) for text in texts]
