"""How good samples are, for learning checks: on a ring, on a line, and as digits in the eyes of a referee.

The protocols are the field's: 2,500 points of a ring, high quality within three standard deviations of a mode (VEEGAN);
a referee is a classifier that has seen real images only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from ganzoo.data.loader import normalised
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.metrics.frechet import frechet_distance


class Modes(NamedTuple):
    """modes: how many have at least one sample of high quality. quality: the share of those samples, in 0..1."""

    modes: int
    quality: float


def ring_modes(samples: Tensor, modes: int = 8, radius: float = 1.0, std: float = 0.05) -> Modes:
    """Points (N, 2) -> modes of the ring that they hit, and how many of them hit one."""
    angles = torch.arange(modes) * (2 * torch.pi / modes)
    centres = radius * torch.stack([angles.cos(), angles.sin()], 1)  # (modes, 2)
    distance, nearest = torch.cdist(samples, centres).min(1)  # (N,), (N,)
    good = distance <= 3 * std
    return Modes(len(nearest[good].unique()), good.float().mean().item())


def wasserstein_1d(one: Tensor, other: Tensor) -> float:
    """Values (N,) or (N, 1), as many of the other -> the mean distance between them, each in order of size."""
    return (one.flatten().sort().values - other.flatten().sort().values).abs().mean().item()


class Verdict(NamedTuple):
    """shares: of each digit among the samples, (10,). confidence: mean highest probability. frechet: to real digits,
    on the pixels' 30 strongest directions. read: what each sample was read as, (N,)."""

    shares: Tensor
    confidence: float
    frechet: float
    read: Tensor

    @property
    def classes(self) -> int:
        """Digits that make up at least 2 % of the samples."""
        return int((self.shares >= 0.02).sum())


@dataclass(frozen=True)
class Referee:
    """Reads digits of one size, after logistic regression on half of the real ones."""

    size: int = 8

    def accuracy(self) -> float:
        """On the real digits that it has not seen."""
        x, y = _real(self.size)
        return float(_classifier(self.size).score(x[1::2], y[1::2]))

    def judge(self, images: Tensor) -> Verdict:
        """Images (N, 1, size, size) in [-1, 1]."""
        x = images.flatten(1).double().numpy()  # (N, size * size)
        probabilities = _classifier(self.size).predict_proba(x)  # (N, 10)
        read = torch.from_numpy(probabilities.argmax(1))
        shares = read.bincount(minlength=10) / len(read)
        return Verdict(shares, float(probabilities.max(1).mean()), self.frechet(images), read)

    def frechet(self, images: Tensor) -> float:
        """Frechet distance between Gaussians fitted to these images and to the real ones, in 30 dimensions."""
        directions = _directions(self.size)
        fake, real = images.flatten(1).double().numpy() @ directions, _real(self.size)[0] @ directions  # (N, 30)
        return frechet_distance(torch.from_numpy(fake), torch.from_numpy(real))


@cache
def _real(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (N, size * size) and labels (N,), shuffled: they are stored in turn."""
    whole = normalised(Digits(size=size).tensors())
    order = np.random.default_rng(0).permutation(len(whole["y"]))
    return whole["x"].flatten(1).double().numpy()[order], whole["y"].numpy()[order]


@cache
def _classifier(size: int) -> LogisticRegression:
    x, y = _real(size)
    return LogisticRegression(max_iter=500).fit(x[::2], y[::2])


@cache
def _directions(size: int) -> np.ndarray:
    x, _ = _real(size)
    return np.linalg.svd(x - x.mean(0), full_matrices=False)[2][:30].T  # (size * size, 30)
