"""Whether a generator repeats its training samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric
from ganzoo_builtins.metrics.distances import nearest


class NearestNeighbour(Metric):
    """How far generated samples are from the nearest training sample, relative to how far held-out ones are.

    nearest_neighbour: the ratio of the medians. About 1 is healthy, near 0 are copies, and far above 1 is what looks
    like nothing in the data. copies: the share of generated samples that are nearer to a training sample than `near`
    times the median of held-out ones. Of generated and held-out samples, `most` are looked at.

    Where the data has no test part, everything was trained on: then the held-out samples are looked for as well, and
    each of them is compared with all others. After the distances of Meehan et al. 2020 (arXiv:2004.05675).
    """

    better: ClassVar = {"nearest_neighbour": "nearer", "copies": "lower"}

    def __init__(self, near: NonNegativeFloat = 0.1, most: PositiveInt = 2_000):
        self.near = near
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        distances = nearest(evidence.fake.first(self.most).features, _trained(evidence))
        return self._compared(distances, self._usual(evidence))

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        usual = self._usual(evidence)
        return self._compared(usual, usual)

    def _usual(self, evidence: Evidence) -> Tensor:
        """Distances of held-out samples (n,) to the nearest training sample that they are not themselves."""
        held = evidence.held.first(self.most).features
        own = None if _has_test_part(evidence) else len(evidence.real) + torch.arange(len(held))
        return nearest(held, _trained(evidence), own)

    def _compared(self, distances: Tensor, usual: Tensor) -> Mapping[str, float]:
        """Distances (N,), (n,) -> results. Errors: IncompatibleError where nothing can be compared with."""
        median = usual.median()
        if not median > 0:
            raise IncompatibleError(
                "metric nearest_neighbour: most held-out samples equal a training sample, as these features see "
                "them, so that copies cannot be told. Use another extractor, or leave this metric out."
            )
        ratio, copies = distances.median() / median, (distances < self.near * median).double().mean()
        return {"nearest_neighbour": float(ratio), "copies": float(copies)}


def _has_test_part(evidence: Evidence) -> bool:
    return evidence.data.held_out() is not None


def _trained(evidence: Evidence) -> Tensor:
    """Features of all that was trained on (M, F), held-out samples last where they were too."""
    real, held = evidence.real.features, evidence.held.features
    return real if _has_test_part(evidence) else torch.cat([real, held])
