"""Log-likelihood under a Parzen window, as the first GANs were measured."""

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
    """Points (N, F), samples (n, F) -> (N,) log of the mean of N(x; sample, sigma^2 I), in nats."""
    n, width = samples.shape
    constant = math.log(n) + width / 2 * math.log(2 * math.pi * sigma**2)
    found = [(distances.square_() / (-2 * sigma**2)).logsumexp(1) for _, distances in blocks(x, samples)]
    return torch.cat(found) - constant


class Parzen(Metric):
    """Mean log-likelihood of held-out samples under Gaussians around `samples` generated ones, in nats, and its
    standard error: Goodfellow et al. 2014 (arXiv:1406.2661), table 1, after Breuleux et al. 2011.

    Pixels are brought to [0, 1]. The width of the Gaussians is that of `sigmas` between `low` and `high`, evenly spaced
    by their logarithms, under which `validation` training samples are likeliest.

    Said to mislead in many dimensions (Theis et al., arXiv:1511.01844): for comparing with tables of the time only.
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
        return self._scored(evidence.held, evidence.fake, evidence.real.first(self.validation))

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        """Of as many training samples as there are generated ones, those that choose the width being others."""
        real, n = evidence.real, min(self.samples, len(evidence.fake))
        chosen = min(self.validation, len(real) // 2)
        return self._scored(evidence.held, real.only(slice(chosen, chosen + n)), real.first(chosen))

    def _scored(self, held: Seen, fake: Seen, validation: Seen) -> Mapping[str, float]:
        samples = _flat(fake.first(self.samples))
        grid = torch.logspace(math.log10(self.low), math.log10(self.high), self.sigmas, dtype=torch.float64).tolist()
        sigma = max(grid, key=lambda sigma: float(log_likelihood(_flat(validation), samples, sigma).mean()))
        each = log_likelihood(_flat(held), samples, sigma)  # (held,)
        return {"parzen": float(each.mean()), "parzen_error": float(each.std(correction=0) / math.sqrt(len(each)))}


def _flat(seen: Seen) -> Tensor:
    """(N, *shape) -> (N, F), pixels in [0, 1]."""
    x = seen.x.flatten(1).double()
    return (x + 1) / 2 if seen.x.dim() == 4 else x
