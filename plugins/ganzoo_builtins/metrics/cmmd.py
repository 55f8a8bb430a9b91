"""A distance of normalised features under a Gaussian kernel, in the manner of CMMD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Spec
from ganzoo_builtins.metrics.distances import blocks

SCALE = 1_000  # as published, for numbers that are easy to read


def gaussian_mmd(x: Tensor, y: Tensor, sigma: float) -> float:
    """Return 1,000 times the biased estimate of MMD^2 under the kernel exp(-|a - b|^2 / (2 sigma^2)).

    Source: Jayasumana et al. 2024 (arXiv:2401.09603). Biased: pairs of a sample with itself count.

    Args:
        x: Features (N, F).
        y: Features (M, F).
        sigma: Width of the kernel.

    Returns:
        The distance, 0 or more.
    """

    def mean_kernel(a: Tensor, b: Tensor) -> float:
        total = 0.0
        for _, distances in blocks(a, b):
            total += float(distances.square().div_(-2 * sigma**2).exp_().sum())
        return total / (len(a) * len(b))

    return max(0.0, SCALE * (mean_kernel(x, x) + mean_kernel(y, y) - 2 * mean_kernel(x, y)))


class CMMD(Metric):
    """Squared maximum mean discrepancy of features of length 1 under a Gaussian kernel, times 1,000 (arXiv:2401.09603).

    It assumes no shape of the distributions, unlike frechet_distance. CMMD as published takes features of CLIP: with
    another extractor the number has the same form and another scale. With the published width of 10 it is about 10
    times the squared distance of the mean features, because features of length 1 are at most 2 apart.

    Args:
        sigma: Width of the kernel.
        most: Largest number of samples of each kind.
    """

    better: ClassVar = {"cmmd": "lower"}

    def __init__(
        self, sigma: Annotated[float, Field(gt=0)] = 10.0, most: Annotated[int, Field(ge=2, le=50_000)] = 5_000
    ):
        self.sigma = sigma
        self.most = most

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if not spec.is_image:
            raise IncompatibleError(
                "metric cmmd compares the directions of features, and these samples are no images. Use "
                "kernel_distance, or sliced_wasserstein for points."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real, fake = (F.normalize(side.first(self.most).features.double()) for side in (evidence.real, evidence.fake))
        if min(len(real), len(fake)) < 2:
            raise IncompatibleError("metric cmmd needs two samples at least: raise the number of samples.")
        return {"cmmd": gaussian_mmd(real, fake, self.sigma)}
