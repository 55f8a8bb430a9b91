"""Names of characters: short English phrases that come with Python, for text without a download."""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cached_property
from typing import Annotated

import torch
from pydantic import Field

from ganzoo import Batch, Spec
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.text import ids, vocabulary

NAMES = 7_475
LENGTH = 8  # words
OFTEN = 3  # times that each word of a name occurs in all of them
NUMBERED = (
    "IDEOGRAPH",
    "HANGUL",
    "SYLLABLE",
    "COMPATIBILITY",
    "BRAILLE",
    "CANADIAN",
)  # thousands of each


class UnicodeNames(InMemoryDataset):
    """Names that Unicode 3.2 has for characters, such as GREEK SMALL LETTER OMEGA WITH TONOS. x: int64 (n, 8), words.

    A short name is filled up with token 0. Python carries this old version of Unicode for its own use, and it does not
    change. Characters that are named by numbers are left out, and so are names with a word that is found in fewer
    than three, or with more than eight words.
    seed: of their order; those of a smaller n are the first ones of a larger n.
    """

    def __init__(self, n: Annotated[int, Field(gt=0, le=NAMES)] = NAMES, seed: int = 0):
        self.n = n
        self.seed = seed

    @cached_property
    def spec(self) -> Spec:  # type: ignore[override]
        return Spec((LENGTH,), vocab=len(self.words))

    @cached_property
    def words(self) -> tuple[str, ...]:  # type: ignore[override]
        return vocabulary(self._names)

    def __len__(self) -> int:
        return self.n

    def load(self) -> Batch:
        order = torch.randperm(len(self._names), generator=torch.Generator().manual_seed(self.seed))
        return {"x": ids([self._names[i] for i in order[: self.n].tolist()], self.words, LENGTH)}

    @cached_property
    def _names(self) -> list[list[str]]:
        """The words of each name."""
        all_names = (unicodedata.ucd_3_2_0.name(chr(i), "") for i in range(0x110000))
        names = [name.split() for name in all_names if name and not any(word in name for word in NUMBERED)]
        counts = Counter(word for name in names for word in name)
        return [name for name in names if len(name) <= LENGTH and min(map(counts.__getitem__, name)) >= OFTEN]
