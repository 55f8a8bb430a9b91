"""Data that metrics and extractors are asked on: classes that can be told apart, of images, points and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.metrics.extractor import Extractor

N = 90  # in each of its halves
STD = 0.05


class Clusters(Dataset):
    """2 N samples around a centre for each class, in turn; as many others are held out.

    centres: (modes, F), of points and numbers; std: of each of them, in every direction. Images are uint8.
    """

    in_memory = True

    def __init__(self, shape: Sequence[int], modes: int = 3, labels: bool = True, seed: int = 0):
        self.modes = modes
        self.labels = labels
        self.seed = seed
        self.std = STD
        self.spec = Spec(tuple(shape), classes=modes if labels else 0)
        self.class_names = tuple(f"cluster {y}" for y in range(self.spec.classes))
        drawn = torch.rand(modes, self.spec.size, generator=torch.Generator().manual_seed(1)) * 1.6 - 0.8
        self.centres = drawn.sort(0).values if self.spec.size == 1 else drawn

    def __len__(self) -> int:
        return 2 * N

    def __getitem__(self, i: int) -> Batch:
        return {name: tensor[i] for name, tensor in self._drawn.items()}

    def tensors(self) -> Batch:
        return self._drawn

    def held_out(self) -> Dataset:
        return Clusters(self.spec.shape, self.modes, self.labels, self.seed + 1)

    @cached_property
    def _drawn(self) -> Batch:
        y = torch.arange(len(self)) % self.modes
        noise = torch.randn(len(self), self.spec.size, generator=torch.Generator().manual_seed(self.seed))
        x = (self.centres[y] + STD * noise).unflatten(1, self.spec.shape)  # (2 N, size) -> (2 N, *shape)
        x = ((x.clamp(-1, 1) + 1) * 127.5).byte() if self.spec.is_image else x
        return {"x": x, "y": y} if self.labels else {"x": x}


class NearestMean(Extractor):
    """Features are the samples themselves; a class is told by how near the mean of its real samples is."""

    classifies = "data"

    def __init__(self, x: Tensor, y: Tensor | None, classes: int):
        """Real samples x (N, *shape) with their labels y (N,)."""
        flat = self.features(x)
        own = [flat[y == label] for label in range(classes)] if y is not None else [flat]
        far = torch.full(flat.shape[1:], 1e3)  # of a class that does not occur
        self.means = torch.stack([some.mean(0) if len(some) else far for some in own])  # (classes, size)

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float()

    def logits(self, x: Tensor) -> Tensor:
        return -10 * torch.cdist(self.features(x), self.means)  # (N, size) -> (N, classes)


def every() -> list[tuple[Dataset, bool]]:
    """Datasets, and whether samples of them were asked for by class."""
    return [
        (Clusters((1, 8, 8)), True),
        (Clusters((1, 8, 8)), False),
        (Clusters((3, 8, 8), labels=False), False),
        (Clusters((2,), modes=8, labels=False), False),
        (Clusters((2,), modes=2), True),
        (Clusters((1,), modes=2, labels=False), False),
    ]
