"""A plugin for tests: a dataset and a penalty with random numbers from all generators, and a recording regularizer."""

from __future__ import annotations

import random
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

import ganzoo
from ganzoo_builtins.datasets.npz import Npz


def drawn() -> float:
    """Return the mean of random numbers from Python's, NumPy's and PyTorch's generators, in [0, 1)."""
    return (random.random() + float(np.random.random()) + torch.rand(()).item()) / 3


class Streamed(Npz):
    """A streamed .npz file; in the training process, examples have new noise in each reading."""

    def __init__(self, path: str):
        super().__init__(path)

    def __getitem__(self, i: int) -> ganzoo.Batch:
        example = super().__getitem__(i)
        if torch.utils.data.get_worker_info():
            return example
        x, noise = example["x"], drawn()
        return {**example, "x": x - (x * (noise / 4)).to(x.dtype)}

    def tensors(self) -> None:  # type: ignore[override]
        return None


class Noisy(ganzoo.Regularizer):
    """A penalty on the critic's values with a random weight."""

    def __init__(self, every: int = 1):
        self.every = every

    def terms(self, comparison: ganzoo.Comparison) -> ganzoo.Terms:
        return {"noisy": drawn() * comparison.critic(comparison.real).square().mean()}


class Listener(ganzoo.Regularizer):
    """Records the real samples of the discriminator's moves, and adds no term."""

    heard: ClassVar[list[Tensor]] = []

    def terms(self, comparison: ganzoo.Comparison) -> ganzoo.Terms:
        self.heard.append(comparison.real.clone())
        return {}


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    zoo.add("dataset", "streamed", Streamed)
    zoo.add("regularizer", "noisy", Noisy)
    zoo.add("regularizer", "listener", Listener)
