"""Two half moons: the usual example of points that no straight line separates."""

import ganzoo
import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor


class Moons(ganzoo.Dataset):
    """Points (2,) of two interlocking half circles of radius 1, alternately from the upper and the lower one.

    Args:
        n: Number of points.
        noise: Standard deviation of the noise around the circles.
        labels: Label each point with its moon.
        seed: Seed of the points; the same seed draws the same points.
    """

    in_memory = True

    def __init__(self, n: PositiveInt = 4096, noise: NonNegativeFloat = 0.05, labels: bool = False, seed: int = 0):
        self.n = n
        self.noise = noise
        self.labels = labels
        self.seed = seed
        self.spec = ganzoo.Spec((2,), classes=2 if labels else 0)
        self.class_names = ("upper", "lower") if labels else ()

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, i: int) -> ganzoo.Batch:
        return {name: values[i] for name, values in self.tensors().items()}

    def tensors(self) -> ganzoo.Batch:
        y = torch.arange(self.n) % 2  # (n,)
        return {"x": self._points(y), **({"y": y} if self.labels else {})}

    def held_out(self) -> "Moons":
        """Return other points of the same moons, which metrics compare with."""
        return Moons(max(2, self.n // 6), self.noise, self.labels, self.seed + 1)

    def _points(self, y: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(self.seed)
        angle = torch.pi * torch.rand(self.n, generator=generator)  # (n,)
        upper = torch.stack([angle.cos() - 0.5, angle.sin() - 0.25], 1)  # (n, 2)
        x = torch.where(y[:, None] == 0, upper, -upper)
        return x + self.noise * torch.randn(self.n, 2, generator=generator)
