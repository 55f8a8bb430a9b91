"""A small classifier of images or points, and how it learns: what a referee is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Spec

VERSION = 1  # of what stands here: another one is another classifier, with other scores
WIDTH, DROPOUT = 128, 0.5
SMALL = 8  # pixels: a side that needs no further halving
BATCH, LR = 128, 3e-3
AT_ONCE = 500  # samples that are read at a time


class Classifier(nn.Module):
    """28x28 images: convolutions of 32 and 64 channels, each followed by max pooling, and a layer of 128.

    Larger ones have more of 64 channels, until the side is 8 or less. Points: two layers of 128.
    """

    def __init__(self, spec: Spec):
        super().__init__()
        self.body = nn.Sequential(*_convolutions(spec) if spec.is_image else _dense(spec.size))
        self.head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(WIDTH, spec.classes))

    def features(self, x: Tensor) -> Tensor:
        """(N, *shape) -> (N, 128), none below 0."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        """(N, *shape) -> logits (N, classes)."""
        return self.head(self.features(x))


def _convolutions(spec: Spec) -> Iterator[nn.Module]:
    channels, height, width = spec.shape
    stages = 0
    while stages < 2 or max(height, width) > SMALL:
        out = 32 if stages == 0 else 64
        halved = nn.MaxPool2d(2, ceil_mode=True)  # a side of 1 stays
        yield from (nn.Conv2d(channels, out, 3, padding=1), halved, nn.ReLU())  # (N, out, H / 2, W / 2)
        channels, height, width, stages = out, -(-height // 2), -(-width // 2), stages + 1
    yield nn.Flatten()
    yield from _layer(channels * height * width)


def _dense(size: int) -> Iterator[nn.Module]:
    yield from _layer(size)
    yield from _layer(WIDTH)


def _layer(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.Linear(width, WIDTH), nn.ReLU()


def train(
    net: nn.Module, x: Tensor, y: Tensor, steps: int, told: Callable[[int, float], None] = lambda step, loss: None
) -> None:
    """Samples (N, *shape) and labels (N,): Adam, one cycle of the learning rate. Draws from PyTorch's generator.

    told: called with the number of each step that is done, and its loss.
    """
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    net.train()
    with torch.enable_grad():
        for step, chosen in zip(range(steps), _batches(len(y)), strict=False):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
            told(step + 1, loss.item())
    net.eval()


def _batches(n: int) -> Iterator[Tensor]:
    """Indices (128,), or (n,) where there are fewer; in another order each time round, what is left over left out."""
    while True:
        yield from torch.randperm(n)[: n // BATCH * BATCH or n].split(BATCH)


def read(look: Callable[[Tensor], Tensor], x: Tensor, at_once: int = AT_ONCE) -> Tensor:
    """What a network sees in (N, *shape), a part of them at a time: (N, width)."""
    with torch.no_grad():
        return torch.cat([look(part) for part in x.split(at_once)])
