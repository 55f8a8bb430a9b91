"""Log-likelihood under a Parzen window estimate, as reported for the first GANs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar

import torch
from pydantic import Field, PositiveFloat, PositiveInt
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Seen, Spec
from ganzoo_builtins.metrics.distances import blocks


def log_likelihood(x: Tensor, samples: Tensor, sigma: float) -> Tensor:
    """Return the log of the mean over samples (n, F) of N(x; sample, sigma^2 I), in nats, (N, F) -> (N,)."""
    n, width = samples.shape
    constant = math.log(n) + width / 2 * math.log(2 * math.pi * sigma**2)
    parts = [(distances.square_() / (-2 * sigma**2)).logsumexp(1) for _, distances in blocks(x, samples)]
    return torch.cat(parts) - constant


class Parzen(Metric):
    """Mean log-likelihood of held-out samples under Gaussians around generated ones, in nats, with standard error.

    Source: Goodfellow et al. 2014 (arXiv:1406.2661), table 1, after Breuleux et al. 2011. Pixels are scaled to [0, 1].
    The standard deviation of the Gaussians is the candidate under which validation samples are likeliest; candidates
    are evenly spaced on a logarithmic scale.

    The estimate is misleading in many dimensions (Theis et al., arXiv:1511.01844): use it only to compare with
    published tables.

    Args:
        samples: Number of generated samples, each the centre of a Gaussian.
        validation: Number of training samples that select the standard deviation.
        sigmas: Number of candidates.
        low: Smallest candidate.
        high: Largest candidate.
    """

    better: ClassVar = {"parzen": "higher", "parzen_error": "nearer"}
    sees = "samples"
    by_default = False

    def __init__(
        self,
        samples: PositiveInt = 10_000,
        validation: PositiveInt = 1_000,
        sigmas: Annotated[int, Field(ge=1, le=1_000)] = 10,
        low: PositiveFloat = 0.1,
        high: PositiveFloat = 1.0,
    ):
        self.samples = samples
        self.validation = validation
        self.sigmas = sigmas
        self.low = low
        self.high = high

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if spec.vocab:
            raise IncompatibleError(
                "metric parzen puts Gaussians around pixels or points, and these samples are token ids."
            )

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return self._score(evidence.held, evidence.fake, evidence.real.first(self.validation))

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        """Return the score of training samples, as many as generated ones, without those for validation."""
        real, n = evidence.real, min(self.samples, len(evidence.fake))
        validation = min(self.validation, len(real) // 2)
        return self._score(evidence.held, real.only(slice(validation, validation + n)), real.first(validation))

    def _score(self, held_out: Seen, fake: Seen, validation: Seen) -> Mapping[str, float]:
        samples = _flat(fake.first(self.samples))
        grid = torch.logspace(math.log10(self.low), math.log10(self.high), self.sigmas, dtype=torch.float64).tolist()
        sigma = max(grid, key=lambda sigma: float(log_likelihood(_flat(validation), samples, sigma).mean()))
        values = log_likelihood(_flat(held_out), samples, sigma)  # (held_out,)
        error = values.std(correction=0) / math.sqrt(len(values))
        return {"parzen": float(values.mean()), "parzen_error": float(error)}


def _flat(seen: Seen) -> Tensor:
    """Return flat samples in float64, with pixels in [0, 1], (N, *shape) -> (N, F)."""
    x = seen.x.flatten(1).double()
    return (x + 1) / 2 if seen.x.dim() == 4 else x
