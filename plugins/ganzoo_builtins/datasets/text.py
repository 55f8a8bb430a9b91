"""Your own text: each line of a file is a sample of characters or of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Batch, DataError, Spec
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.paths import find_path

LARGEST = 2**28  # bytes of a file, of which several copies are in memory
PADDING, OTHER = "", "\N{REPLACEMENT CHARACTER}"


class Text(InMemoryDataset):
    """The lines of a text file in UTF-8, as token ids. x: int64 (N, length).

    Empty lines are ignored, shorter lines are padded with token 0, and longer ones are split into several samples.

    Args:
        path: The file, relative to the current folder or to the data root.
        by: Tokens are each "character", or each "word" between white space.
        length: Tokens per sample.
        vocab: Maximum size of the vocabulary. The most frequent tokens are kept; the others become one token, shown
            as U+FFFD. 0 keeps all.
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
        """The tokens of each sample. Reading this raises DataError for a file that is no text or is empty."""
        path = find_path(self.path, "file")
        try:
            size = path.stat().st_size
            if size > LARGEST:
                raise DataError(f"{path} has more than {LARGEST / 2**20:,.0f} MiB. Split it, and use a part.")
            with path.open("rb") as file:
                content = file.read(size).decode("utf-8-sig")  # no further: some files of /proc are waited for
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


def vocabulary(samples: Sequence[Sequence[str]], size: int = 0) -> tuple[str, ...]:
    """Return the vocabulary: the padding, then the tokens by frequency.

    Args:
        samples: The tokens of each sample.
        size: Maximum size; the last word then stands for all other tokens. 0 keeps all tokens.

    Returns:
        The text of each token id.
    """
    counts = Counter(token for sample in samples for token in sample)
    tokens = sorted(counts, key=lambda token: (-counts[token], token))
    if size and len(tokens) + 1 > size:
        tokens = [*tokens[: max(0, size - 2)], OTHER]
    return (PADDING, *tokens)


def ids(samples: Sequence[Sequence[str]], words: Sequence[str], length: int) -> Tensor:
    """Convert samples to token ids.

    Args:
        samples: N samples of at most `length` tokens.
        words: The vocabulary. Its last word stands for tokens that it does not contain.
        length: Tokens per sample, after padding with token 0.

    Returns:
        Token ids (N, length), int64.
    """
    index = {word: i for i, word in enumerate(words)}
    rows = [[index.get(token, len(words) - 1) for token in sample] for sample in samples]
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])
