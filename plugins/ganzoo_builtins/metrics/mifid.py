"""MiFID: the Fréchet distance, made larger for samples that memorize training data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from ganzoo import Evidence, IncompatibleError, Metric
from ganzoo_builtins.metrics.frechet import frechet_distance
from ganzoo_builtins.metrics.nearest_neighbour import training_features

EPSILON = 1e-6  # added to the memorization distance, so that copies have a finite score
BLOCK = 2_000  # generated samples compared at a time


def memorization_distance(fake: Tensor, training: Tensor) -> float:
    """Return the mean over generated samples of the smallest cosine distance 1 - |cos| to a training sample.

    Args:
        fake: Features of generated samples (N, F).
        training: Features of training samples (M, F).

    Returns:
        The distance, in [0, 1]; 0 where each generated sample is a copy.
    """
    training = F.normalize(training.double())
    nearest = [
        (F.normalize(part.double()) @ training.T).abs().amax(1)  # (n, F), (F, M) -> (n,)
        for part in fake.split(BLOCK)
    ]
    return float((1 - torch.cat(nearest)).clamp(min=0).mean())


class MiFID(Metric):
    """Memorization-informed Fréchet distance: frechet_distance, divided by the memorization distance if that is small.

    The memorization distance is the mean over generated samples of the smallest 1 - |cos| between their features and
    those of a training sample. If it is at least `near`, samples do not count as memorized and the score is the Fréchet
    distance. After Bai et al. 2021 (arXiv:2106.03062). The mean is over generated samples: implementations that take it
    over real ones give another number.

    Cosine distances depend on the extractor: compare `memorization_distance` with its floor before you call anything a
    copy. nearest_neighbour and copies answer the question for single samples.

    Args:
        near: Memorization distance below which the Fréchet distance is divided by it.
    """

    better: ClassVar = {"memorization_distance": "nearer", "mifid": "lower"}
    by_default = False

    def __init__(self, near: Annotated[float, Field(ge=0, le=1)] = 0.1):
        self.near = near

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return self._score(evidence, training_features(evidence))

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        held = evidence.held.first(len(evidence.fake))
        return self._score(evidence.with_fake(held), evidence.real.features)  # not with themselves

    def _score(self, evidence: Evidence, training: Tensor) -> Mapping[str, float]:
        real, fake = evidence.real.features, evidence.fake.features
        if min(len(real), len(fake)) < 2:
            raise IncompatibleError("metric mifid needs two samples at least: raise the number of samples.")
        distance, memorization = frechet_distance(real, fake), memorization_distance(fake, training)
        mifid = distance / (memorization + EPSILON) if memorization < self.near else distance
        return {"memorization_distance": memorization, "mifid": mifid}
