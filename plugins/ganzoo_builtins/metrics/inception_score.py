"""The inception score: how sure a referee is of each sample, and how many classes it sees over all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Evidence, IncompatibleError, Metric


def inception_score(logits: Tensor) -> float:
    """(N, classes) -> exp of the mean of KL(p(y|x) || p(y)): 1 at worst, the number of classes at best.

    Source: Salimans et al. 2016 (arXiv:1606.03498), section 4.
    """
    each = logits.double().log_softmax(1)  # (N, classes): log p(y|x)
    overall = each.logsumexp(0) - math.log(len(each))  # (classes,): log p(y), finite where p(y) is not
    return float((each.exp() * (each - overall)).sum(1).mean().exp())


class InceptionScore(Metric):
    """exp E KL(p(y|x) || p(y)) of the classes that a referee sees, its mean over `splits` parts of the samples and
    their standard deviation (arXiv:1606.03498). The score of that name where the extractor is Inception.

    It compares with no real sample: neither copies of the training data nor a single sample for each class lower it.
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
