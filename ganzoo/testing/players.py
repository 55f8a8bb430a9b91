"""A small discriminator and a small generator, for what is asked of regularizers."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Discriminator, Generator

SHAPE = (2, 2, 2)
SIZE, WIDTH = 8, 16


class Judge(Discriminator):
    """(N, 2, 2, 2) -> (N,)"""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(SIZE, WIDTH), nn.Tanh())
        self.head = nn.Linear(WIDTH, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        features: Tensor = self.body(x)
        return features

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        logits: Tensor = self.head(self.features(x))
        return logits.squeeze(1)


class Maker(Generator):
    """(N, 4) -> (N, 2, 2, 2)"""

    z_dim = 4

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(4, WIDTH), nn.BatchNorm1d(WIDTH), nn.ReLU(), nn.Linear(WIDTH, SIZE), nn.Tanh()
        )

    def forward(self, source: Tensor, y: Tensor | None = None) -> Tensor:
        samples: Tensor = self.layers(source).unflatten(1, SHAPE)
        return samples


def attached(regularizer: Any) -> tuple[Any, Judge, Maker]:
    """A regularizer and the players that it was attached to, drawn from seed 0.

    One that wants other players than these is left as it came from its constructor.
    """
    torch.manual_seed(0)
    judge, maker, untouched = Judge(), Maker(), copy.deepcopy(regularizer)
    try:
        regularizer.attach(judge, maker)
        regularizer.check(judge)
    except IncompatibleError:
        torch.manual_seed(0)
        return untouched, Judge(), Maker()
    return regularizer, judge, maker


def batch(n: int = 5) -> tuple[Tensor, Tensor]:
    """Real and fake samples (n, *SHAPE), as leaves that would take a gradient."""
    real, fake = (torch.randn(n, *SHAPE, requires_grad=True) for _ in range(2))
    return real, fake
