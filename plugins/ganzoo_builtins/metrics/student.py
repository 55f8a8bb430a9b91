"""A small classifier, trained in a minute on whatever labelled samples there are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganzoo import Spec
from ganzoo.randomness import left_alone

SEED = 0  # of weights and batches
BATCH = 128


def student(spec: Spec) -> nn.Module:
    """Images (N, C, H, W) or points (N, F) -> logits (N, classes)."""
    if not spec.is_image:
        return nn.Sequential(
            nn.BatchNorm1d(spec.size, affine=False),  # points may lie anywhere
            *(nn.Linear(spec.size, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, spec.classes)),
        )
    channels = spec.shape[0]
    return nn.Sequential(
        *(nn.Conv2d(channels, 32, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.Conv2d(32, 64, 3, stride=2, padding=1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(7), nn.Flatten()),  # (N, 64, h, w) -> (N, 64 * 7 * 7), whatever the side
        *(nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, spec.classes)),
    )


def taught(spec: Spec, x: Tensor, y: Tensor, steps: int) -> nn.Module:
    """A student of samples x (N, *shape) and labels y (N,), each batch drawn from all of them: the same one each time.

    What others draw afterwards does not depend on it.
    """
    with left_alone(), torch.enable_grad():
        torch.manual_seed(SEED)
        net = student(spec)
        optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
        for _ in range(steps):
            chosen = torch.randint(len(x), (BATCH,))
            optimizer.zero_grad()
            F.cross_entropy(net(x[chosen]), y[chosen]).backward()
            optimizer.step()
    return net.eval()


@torch.no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of samples x (N, *shape) whose likeliest class is y (N,)."""
    told = torch.cat([net(some).argmax(1) for some in x.split(1_000)])  # (N,)
    return float((told == y).double().mean())
