"""Network and training of the referee: a small classifier of images or points."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Spec

VERSION = 1  # to be increased with every change of this file that changes scores
WIDTH, DROPOUT = 128, 0.5
SMALL = 8  # pixels; a side of this length is not halved
BATCH, LR = 128, 3e-3
CHUNK = 500  # samples passed through the network at a time


class Classifier(nn.Module):
    """A classifier of images or points.

    Images of 28x28: convolutions of 32 and 64 channels, each followed by max pooling, and a layer of 128 units. For
    larger images there are more convolutions of 64 channels, until the side is 8 or less. Points: two layers of 128
    units.

    Args:
        spec: Shape and number of classes of the samples.
    """

    def __init__(self, spec: Spec):
        super().__init__()
        self.body = nn.Sequential(*_convolutions(spec) if spec.is_image else _dense(spec.size))
        self.head = nn.Sequential(nn.Dropout(DROPOUT), nn.Linear(WIDTH, spec.classes))

    def features(self, x: Tensor) -> Tensor:
        """Return the features of samples, (N, *shape) -> (N, 128), all of them 0 or more."""
        return self.body(x)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of samples, (N, *shape) -> (N, classes)."""
        return self.head(self.features(x))


def _convolutions(spec: Spec) -> Iterator[nn.Module]:
    channels, height, width = spec.shape
    stages = 0
    while stages < 2 or max(height, width) > SMALL:
        out = 32 if stages == 0 else 64
        halved = nn.MaxPool2d(2, ceil_mode=True)  # a side of 1 is kept
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
    net: nn.Module, x: Tensor, y: Tensor, steps: int, report: Callable[[int, float], None] = lambda step, loss: None
) -> None:
    """Train a classifier by Adam, with one cycle of the learning rate and PyTorch's random generator.

    Args:
        net: The classifier.
        x: Samples (N, *shape).
        y: Labels (N,).
        steps: Number of steps.
        report: Called after each step with its number and its loss.
    """
    optimizer = torch.optim.Adam(net.parameters(), lr=LR)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, total_steps=steps)
    net.train()
    with torch.enable_grad():
        for step, indices in zip(range(steps), _batches(len(y)), strict=False):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x[indices]), y[indices])
            loss.backward()
            optimizer.step()
            schedule.step()
            report(step + 1, loss.item())
    net.eval()


def _batches(n: int) -> Iterator[Tensor]:
    """Yield the indices of batches (128,), or (n,) if n is less; shuffled every epoch, without the remainder."""
    while True:
        yield from torch.randperm(n)[: n // BATCH * BATCH or n].split(BATCH)


def apply_in_chunks(function: Callable[[Tensor], Tensor], x: Tensor, chunk: int = CHUNK) -> Tensor:
    """Apply a function to a part of the samples at a time, without gradients.

    Args:
        function: Maps samples (n, *shape) to outputs (n, width).
        x: Samples (N, *shape).
        chunk: Number of samples in each part.

    Returns:
        The outputs (N, width).
    """
    with torch.no_grad():
        return torch.cat([function(part) for part in x.split(chunk)])
