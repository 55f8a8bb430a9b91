"""Scores of samples for tests of learning: modes of a ring, distance on a line, and classified digits.

The protocols are those of the literature: 2,500 points of a ring, of high quality within three standard deviations of a
mode (VEEGAN). A referee is a classifier trained on real images only.
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
    """Modes of a ring.

    Attributes:
        modes: Number of modes with at least one sample of high quality.
        quality: Share of samples of high quality, in [0, 1].
    """

    modes: int
    quality: float


def ring_modes(samples: Tensor, modes: int = 8, radius: float = 1.0, std: float = 0.05) -> Modes:
    """Return the modes of a ring that points (N, 2) reach, and the share of points at a mode."""
    angles = torch.arange(modes) * (2 * torch.pi / modes)
    centres = radius * torch.stack([angles.cos(), angles.sin()], 1)  # (modes, 2)
    distance, nearest = torch.cdist(samples, centres).min(1)  # (N,), (N,)
    good = distance <= 3 * std
    return Modes(len(nearest[good].unique()), good.float().mean().item())


def wasserstein_1d(one: Tensor, other: Tensor) -> float:
    """Return the mean distance between two sets of values, (N,) or (N, 1) each, after sorting both."""
    return (one.flatten().sort().values - other.flatten().sort().values).abs().mean().item()


class Verdict(NamedTuple):
    """The referee's judgement of samples.

    Attributes:
        shares: Share of each digit, (10,).
        confidence: Mean of the highest class probability.
        frechet: Frechet distance to real digits, in the 30 principal directions of the pixels.
        read: Predicted class of each sample, (N,).
    """

    shares: Tensor
    confidence: float
    frechet: float
    read: Tensor

    @property
    def classes(self) -> int:
        """Number of digits that make up at least 2 % of the samples."""
        return int((self.shares >= 0.02).sum())


@dataclass(frozen=True)
class Referee:
    """A classifier of digits of one size: logistic regression on half of the real ones."""

    size: int = 8

    def accuracy(self) -> float:
        """Return the accuracy on the real digits that were not used for training."""
        x, y = _real(self.size)
        return float(_classifier(self.size).score(x[1::2], y[1::2]))

    def judge(self, images: Tensor) -> Verdict:
        """Judge images (N, 1, size, size) in [-1, 1]."""
        x = images.flatten(1).double().numpy()  # (N, size * size)
        probabilities = _classifier(self.size).predict_proba(x)  # (N, 10)
        read = torch.from_numpy(probabilities.argmax(1))
        shares = read.bincount(minlength=10) / len(read)
        return Verdict(shares, float(probabilities.max(1).mean()), self.frechet(images), read)

    def frechet(self, images: Tensor) -> float:
        """Return the Frechet distance between Gaussians fitted to these images and to real ones, in 30 dimensions."""
        directions = _directions(self.size)
        fake, real = images.flatten(1).double().numpy() @ directions, _real(self.size)[0] @ directions  # (N, 30)
        return frechet_distance(torch.from_numpy(fake), torch.from_numpy(real))


@cache
def _real(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (N, size * size) and labels (N,), shuffled: the classes are stored in turn."""
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
