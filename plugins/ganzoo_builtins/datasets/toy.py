"""Mixtures of Gaussians in one and two dimensions, whose modes can be counted and whose density can be plotted.

Published scores depend on the settings of the data. The docstring of each dataset lists those of the papers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat
from torch import Tensor

from ganzoo import Batch, Dataset, GanzooError, Spec
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from ganzoo_builtins.datasets.split import held_out_split


class Mixture(InMemoryDataset):
    """A mixture of isotropic Gaussians. x: float32 (n, F), not scaled; with `labelled`, y: int64 (n,), the mode.

    Point i belongs to mode i % modes, so all modes have the same number of points.

    Args:
        centres: Mean of each mode, (modes, F).
        std: Standard deviation of all modes.
        n: Number of points.
        seed: Seed of the points.
        labelled: Give the mode of each point as its class.
    """

    def __init__(self, centres: Tensor, std: float, n: int, seed: int, labelled: bool):
        self.centres = centres
        self.std = std
        self.n = n
        self.seed = seed
        self.labelled = labelled
        self.spec = Spec((centres.shape[1],), classes=len(centres) if labelled else 0)
        self.class_names = tuple(str(mode) for mode in range(self.spec.classes))

    def __len__(self) -> int:
        return self.n

    def held_out(self) -> Dataset:
        n, seed = held_out_split(self.n, self.seed)
        return Mixture(self.centres, self.std, n, seed, self.labelled)

    def load(self) -> Batch:
        modes = torch.arange(self.n) % len(self.centres)
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(self.n, self.centres.shape[1], generator=generator)  # (n, F)
        x = self.centres[modes] + self.std * noise
        return {"x": x, "y": modes} if self.labelled else {"x": x}


class Ring(Mixture):
    """Gaussians evenly spaced on a circle around the origin, the first one at (radius, 0).

    The default ring is easy: the distance between neighbours is 15 standard deviations. Published settings, all with 8
    modes: VEEGAN (arXiv:1705.07761) and PacGAN (1712.04086) radius 1, std 0.01; Unrolled GAN (1611.02163) radius 2,
    std 0.02; WGAN-GP (1704.00028) radius 2 / 1.414, std 0.02 / 1.414.

    Args:
        n: Number of points.
        modes: Number of Gaussians.
        radius: Radius of the circle.
        std: Standard deviation of each Gaussian.
        labelled: Give the mode of each point as its class.
        seed: Seed of the points.
    """

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**8)] = 100_000,
        modes: Annotated[int, Field(gt=0, le=10**4)] = 8,
        radius: PositiveFloat = 1.0,
        std: NonNegativeFloat = 0.05,
        labelled: bool = False,
        seed: int = 0,
    ):
        angles = torch.arange(modes) * (2 * math.pi / modes)
        super().__init__(radius * torch.stack([angles.cos(), angles.sin()], 1), std, n, seed, labelled)


class Grid(Mixture):
    """Gaussians on a square grid around the origin.

    The defaults are the 25 modes {-4, -2, 0, 2, 4}^2, std 0.05, of VEEGAN (arXiv:1705.07761) and PacGAN (1712.04086).
    WGAN-GP (1704.00028) divides them by 2.828: scale = 0.35355.

    Args:
        n: Number of points.
        side: Gaussians along each side of the grid.
        spacing: Distance between neighbours.
        std: Standard deviation of each Gaussian.
        scale: Factor on all points, and so on `spacing` and `std`.
        labelled: Give the mode of each point as its class.
        seed: Seed of the points.
    """

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**8)] = 100_000,
        side: Annotated[int, Field(gt=0, le=100)] = 5,
        spacing: PositiveFloat = 2.0,
        std: NonNegativeFloat = 0.05,
        scale: PositiveFloat = 1.0,
        labelled: bool = False,
        seed: int = 0,
    ):
        steps = spacing * (torch.arange(side) - (side - 1) / 2)
        super().__init__(scale * torch.cartesian_prod(steps, steps).view(-1, 2), scale * std, n, seed, labelled)


class Gaussian1D(Mixture):
    """One Gaussian on a line, by default N(4, 0.5^2), or several: means = [-2, 2], std = 0.3 has two modes.

    As in figure 1 of Goodfellow et al. (arXiv:1406.2661), the optimal discriminator, p_data / (p_data + p_g), can be
    plotted next to the learned one.

    Args:
        n: Number of points.
        means: Mean of each Gaussian.
        std: Standard deviation of each Gaussian.
        labelled: Give the mode of each point as its class.
        seed: Seed of the points.

    Raises:
        GanzooError: `means` is empty.
    """

    def __init__(
        self,
        n: Annotated[int, Field(gt=0, le=10**8)] = 100_000,
        means: Sequence[float] = (4.0,),
        std: NonNegativeFloat = 0.5,
        labelled: bool = False,
        seed: int = 0,
    ):
        if not means:
            raise GanzooError("dataset gaussian_1d needs at least one mean: means = [4.0].")
        super().__init__(torch.tensor(means, dtype=torch.float32)[:, None], std, n, seed, labelled)
