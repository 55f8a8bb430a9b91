"""Base class of datasets that are loaded as a whole."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

from ganzoo import Batch, Dataset


class InMemoryDataset(Dataset):
    """A dataset that is loaded on first use, as one batch, and kept in memory.

    A subclass whose length is known without loading overrides `__len__()`: the memory that a run needs is estimated
    from the length, before anything is loaded.
    """

    in_memory = True

    @abstractmethod
    def load(self) -> Batch:
        """Return all examples as one batch. Called once."""

    def tensors(self) -> Batch:
        return self._loaded

    def __len__(self) -> int:
        return len(next(iter(self._loaded.values())))

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self._loaded.items()}

    @cached_property
    def _loaded(self) -> Batch:
        return self.load()
