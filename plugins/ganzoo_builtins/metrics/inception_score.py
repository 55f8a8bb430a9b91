"""Inception Score: the certainty of a classifier about each sample, and the variety of classes over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric


def inception_score(logits: Tensor) -> float:
    """Return exp E KL(p(y|x) || p(y)) of logits (N, classes): 1 at worst, the number of classes at best.

    Source: Salimans et al. 2016 (arXiv:1606.03498), section 4.
    """
    conditional = logits.double().log_softmax(1)  # (N, classes): log p(y|x)
    marginal = conditional.logsumexp(0) - math.log(len(conditional))  # (classes,): log p(y), finite where p(y) is 0
    return float((conditional.exp() * (conditional - marginal)).sum(1).mean().exp())


class InceptionScore(Metric):
    """Inception Score exp E KL(p(y|x) || p(y)): mean and standard deviation over parts of the samples.

    Source: Salimans et al. 2016 (arXiv:1606.03498). Its p(y|x) are those of the extractor; with `inception` it is the
    published score. No real sample is used: neither copies of the training data nor a single sample for each class
    lower it.

    Args:
        splits: Number of parts.
    """

    better: ClassVar = {"inception_score": "higher", "inception_score_std": "nearer"}
    sees = "logits"

    def __init__(self, splits: PositiveInt = 10):
        self.splits = splits

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        n = len(evidence.fake)
        if n < self.splits:
            raise IncompatibleError(
                f"metric inception_score takes the mean over {self.splits} parts, and there are {n} samples: raise "
                "their number, or lower `splits`."
            )
        parts = evidence.fake.logits.tensor_split([i * n // self.splits for i in range(1, self.splits)])
        scores = torch.tensor([inception_score(part) for part in parts], dtype=torch.float64)
        return {"inception_score": float(scores.mean()), "inception_score_std": float(scores.std(correction=0))}
