"""Detection of copies of training samples, by nearest neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric
from ganzoo_builtins.metrics.distances import nearest


class NearestNeighbour(Metric):
    """Distance of generated samples to the nearest training sample, relative to that of held-out samples.

    The results are `nearest_neighbour`, the ratio of the medians: about 1 is good, near 0 means copies, and far above 1
    samples unlike the data; and `copies`, the share of generated samples that are very close to a training sample.

    When the data has no test split, the held-out samples were trained on too: then they count as training samples, and
    each is compared with all others. The distances are those of Meehan et al. 2020 (arXiv:2004.05675).

    Args:
        near: Distance below which a sample counts as a copy, relative to the median of held-out samples.
        most: Largest number of generated and of held-out samples.
    """

    better: ClassVar = {"nearest_neighbour": "nearer", "copies": "lower"}

    def __init__(self, near: NonNegativeFloat = 0.1, most: PositiveInt = 2_000):
        self.near = near
        self.most = most

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        distances = nearest(evidence.fake.first(self.most).features, training_features(evidence))
        return self._compare(distances, self._held_out_distances(evidence))

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        distances = self._held_out_distances(evidence)
        return self._compare(distances, distances)

    def _held_out_distances(self, evidence: Evidence) -> Tensor:
        """Return the distances (n,) of held-out samples to the nearest training sample other than themselves."""
        held_out = evidence.held.first(self.most).features
        excluded = None if _has_test_split(evidence) else len(evidence.real) + torch.arange(len(held_out))
        return nearest(held_out, training_features(evidence), excluded)

    def _compare(self, distances: Tensor, held_out: Tensor) -> Mapping[str, float]:
        """Return the results for distances (N,), relative to those of held-out samples (n,)."""
        median = held_out.median()
        if not median > 0:
            raise IncompatibleError(
                "metric nearest_neighbour: the features of most held-out samples equal those of a training sample, so "
                "copies cannot be detected. Use another extractor, or leave this metric out."
            )
        ratio, copies = distances.median() / median, (distances < self.near * median).double().mean()
        return {"nearest_neighbour": float(ratio), "copies": float(copies)}


def _has_test_split(evidence: Evidence) -> bool:
    return evidence.data.held_out() is not None


def training_features(evidence: Evidence) -> Tensor:
    """Return the features (M, F) of all samples that were trained on, with held-out ones last if they were too."""
    real = evidence.real.features
    return real if _has_test_split(evidence) else torch.cat([real, evidence.held.features])
