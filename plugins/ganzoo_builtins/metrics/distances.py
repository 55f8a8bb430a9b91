"""Euclidean distances between many points, a block at a time, so that memory stays within bounds."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

BLOCK = 2**24  # distances at a time: 128 MiB


def blocks(x: Tensor, y: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Points (N, F), (M, F) -> rows of their distances (N, M) in float64, each time with which rows these are.

    Off by about 1e-8 of the spread of y, which is how far apart two equal points may seem.
    """
    middle = y.double().mean(0)  # distances do not change by it, and rounding is least around zero
    y = y.double() - middle
    lengths = y.square().sum(1)  # (M,)
    rows = max(1, BLOCK // len(y))
    for start in range(0, len(x), rows):
        here = slice(start, start + rows)
        some = x[here].double() - middle
        squares = torch.addmm(lengths, some, y.T, alpha=-2)  # (rows, F), (F, M) -> (rows, M)
        yield here, squares.add_(some.square().sum(1, keepdim=True)).clamp_(min=0).sqrt_()


def radii(x: Tensor, neighbours: int) -> Tensor:
    """Points (N, F) -> (N,) distances to the so many-th nearest of the others; N > neighbours."""
    found = []
    for here, distances in blocks(x, x):
        rows = torch.arange(len(distances))
        distances[rows, here.start + rows] = torch.inf  # nobody is its own neighbour
        found.append(distances.topk(neighbours, largest=False).values[:, -1])
    return torch.cat(found)


def nearest(x: Tensor, y: Tensor, own: Tensor | None = None) -> Tensor:
    """Points (N, F), (M, F) -> (N,) distances to the nearest of y, exact: 0 for equal points.

    own: (N,) where in y each x lies itself, which does not count as near.
    """
    found = []
    for here, distances in blocks(x, y):
        if own is not None:
            distances[torch.arange(len(distances)), own[here]] = torch.inf
        closest = distances.argmin(1)  # (rows,)
        found.append((x[here].double() - y[closest].double()).norm(dim=1))
    return torch.cat(found)


def mean_distance(x: Tensor) -> float:
    """Points (N, F) -> the mean distance of two different ones of them; N > 1."""
    total = sum(distances.sum().item() for _, distances in blocks(x, x))  # each point is at 0 from itself, or nearly
    return total / (len(x) * (len(x) - 1))
