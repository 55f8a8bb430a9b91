"""Your own text: each line of a file is a sample, by character or by word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, DataError, Spec
from ganzoo_builtins.datasets.files import find_path
from ganzoo_builtins.datasets.in_memory import InMemoryDataset

LARGEST = 2**28  # bytes of a file; it is held in memory several times over
FILL, OTHER = "", "\N{REPLACEMENT CHARACTER}"


class Text(InMemoryDataset):
    """The lines of a text file in UTF-8. x: int64 (N, length), token ids; a short line is filled up with token 0.

    path: from the current folder, or else from the data folder. Empty lines are left out.
    by: what a token is, a "character" or a "word", which ends at white space.
    length: tokens of a line that are kept; a line that is longer goes on as the next sample.
    vocab: at most so many different tokens, the most frequent ones; the others become one, shown as U+FFFD. 0: all.
    """

    def __init__(
        self,
        path: str,
        by: Literal["character", "word"] = "character",
        length: PositiveInt = 32,
        vocab: Literal[0] | PositiveInt = 0,
    ):
        self.path = path
        self.by = by
        self.length = length
        self.vocab = vocab

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]  # known once the file is read
        return Spec((self.length,), vocab=len(self.words))

    @cached_property
    def words(self) -> tuple[str, ...]:  # type: ignore[override]
        return vocabulary(self._samples, self.vocab)

    def __len__(self) -> int:
        return len(self._samples)

    def load(self) -> Batch:
        return {"x": ids(self._samples, self.words, self.length)}

    @cached_property
    def _samples(self) -> list[list[str]]:
        """The tokens of each sample. Errors: DataError for a file that is no text, or holds none."""
        path = find_path(self.path, "file")
        try:
            if path.stat().st_size > LARGEST:
                raise DataError(f"{path} has more than {LARGEST / 2**20:,.0f} MiB. Split it, and use a part.")
            content = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise DataError(f"{path} is no text in UTF-8: byte {error.start:,} is not. Save it as UTF-8.") from error
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}. Set path to a text file.") from error
        samples = []
        for line in content.splitlines():
            tokens = line.split() if self.by == "word" else list(line.strip())
            samples += [tokens[start : start + self.length] for start in range(0, len(tokens), self.length)]
        if not samples:
            raise DataError(f"{path} holds no text. Put a sample on each line.")
        return samples


def vocabulary(samples: Sequence[Sequence[str]], most: int = 0) -> tuple[str, ...]:
    """The filling, tokens by how often they occur, and one for all others where there would be more than `most`."""
    counts = Counter(token for sample in samples for token in sample)
    tokens = sorted(counts, key=lambda token: (-counts[token], token))
    if most and len(tokens) + 1 > most:
        tokens = [*tokens[: max(0, most - 2)], OTHER]
    return (FILL, *tokens)


def ids(samples: Sequence[Sequence[str]], words: Sequence[str], length: int) -> Tensor:
    """N samples of up to `length` tokens -> (N, length), int64; a token that is no word of its own is the last one."""
    place = {word: i for i, word in enumerate(words)}
    rows = [[place.get(token, len(words) - 1) for token in sample] for sample in samples]
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])
