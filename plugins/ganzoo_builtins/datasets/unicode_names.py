"""Unicode names of characters: short English phrases that Python includes, for text without a download."""

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
OFTEN = 3  # minimum number of occurrences of each word of a name
# Words of series of up to thousands of similar names.
SERIES = ("IDEOGRAPH", "HANGUL", "SYLLABLE", "COMPATIBILITY", "BRAILLE", "CANADIAN")


class UnicodeNames(InMemoryDataset):
    """Names of characters, such as GREEK SMALL LETTER OMEGA WITH TONOS, as token ids of words. x: int64 (n, 8).

    Shorter names are padded with token 0. The names are those of Unicode 3.2, a fixed version that every Python
    includes. Series of similar names, such as those of ideographs, are left out, and so are names with a word that
    occurs fewer than three times, or with more than eight words.

    Args:
        n: Number of names. Those of a smaller n are the first ones of a larger n.
        seed: Seed of their order.
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
        """The words of each name, in the order of the characters."""
        all_names = (unicodedata.ucd_3_2_0.name(chr(i), "") for i in range(0x110000))
        names = [name.split() for name in all_names if name and not any(word in name for word in SERIES)]
        counts = Counter(word for name in names for word in name)
        return [name for name in names if len(name) <= LENGTH and min(map(counts.__getitem__, name)) >= OFTEN]
