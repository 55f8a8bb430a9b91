"""Mode coverage of mixtures of Gaussians."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Spec


def coverage(counts: Tensor) -> tuple[int, float]:
    """Return the number of modes with a sample, and KL(share of each mode || equal shares) in nats.

    Without samples the divergence is log(modes), as when all samples are in one mode.

    Args:
        counts: Number of samples of each mode (modes,).

    Returns:
        The number of modes and the divergence.
    """
    shares = counts.double() / max(1, int(counts.sum()))
    reverse_kl = math.log(len(counts)) + torch.xlogy(shares, shares).sum().item()
    return int((counts > 0).sum()), reverse_kl


class Modes(Metric):
    """Mode coverage of a mixture of Gaussians, counted as in VEEGAN (arXiv:1705.07761).

    A sample is good when it is close to its nearest centre. The results are `modes`, the number of modes with a good
    sample; `high_quality`, the share of good samples; and `modes_kl`, KL(good samples over modes || equal shares), the
    reverse KL of PacGAN (arXiv:1712.04086). Compare only results with equal settings.

    The dataset needs `centres`, a tensor (modes, F), and `std`, a number.

    Args:
        within: Largest distance of a good sample from a centre, in standard deviations.
        samples: Number of generated samples.
    """

    better: ClassVar = {"modes": "higher", "high_quality": "higher", "modes_kl": "lower"}
    sees = "samples"

    def __init__(self, within: PositiveFloat = 3.0, samples: PositiveInt = 2_500):
        self.within = within
        self.samples = samples

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        centres = getattr(data, "centres", None)
        if not isinstance(centres, Tensor) or not hasattr(data, "std") or centres.shape[1:] != spec.shape:
            raise IncompatibleError(
                "metric modes counts the modes of a mixture of Gaussians, such as ring, grid and gaussian_1d: data "
                "with `centres` (modes, F) and `std`. Elsewhere class_coverage counts the classes that a referee sees."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        data: Any = evidence.data  # check() requires centres and std
        centres, std = data.centres.double(), float(data.std)  # (modes, F)
        x = evidence.fake.first(self.samples).x.double()  # (N, F)
        distances, mode = torch.cdist(x, centres, compute_mode="donot_use_mm_for_euclid_dist").min(1)  # (N,)
        good = distances <= self.within * std
        modes, reverse_kl = coverage(torch.bincount(mode[good], minlength=len(centres)))
        return {"modes": float(modes), "high_quality": float(good.double().mean()), "modes_kl": reverse_kl}
