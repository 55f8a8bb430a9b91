"""Mode coverage of Stacked MNIST: the number of triples of digits among generated samples, of 1,000."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Reference, Spec
from ganzoo_builtins.extractors.referee import Referee
from ganzoo_builtins.metrics.modes import coverage


class StackedModes(Metric):
    """Mode coverage of stacked digits: a classifier reads the digits in red, green and blue; each triple is a mode.

    The results are `stacked_modes`, the number of modes with a sample, of 1,000; and `stacked_kl`,
    KL(samples over modes || equal shares) in nats, PacGAN's reverse KL (arXiv:1712.04086). The protocol is that of Metz
    et al. 2017 (arXiv:1611.02163) with 26,000 samples. Perfect samples of equally frequent modes have a stacked_kl of
    about 999 / (2 * 26000) = 0.019, those of MNIST's test split 0.025. The classifier is the extractor `referee`, for
    single digits; it reads all three digits correctly less often than one.

    Args:
        steps: Number of training steps of the classifier.
        least: Lowest accuracy of the classifier on single digits.
    """

    better: ClassVar = {"stacked_modes": "higher", "stacked_kl": "lower"}
    sees = "samples"
    samples = 26_000

    def __init__(self, steps: PositiveInt = 600, least: Annotated[float, Field(ge=0, le=1)] = 0.95):
        self.referee = Referee(steps, least)
        self.ready: Dataset | None = None

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        inner: Any = getattr(data, "inner", None)
        if not isinstance(inner, Dataset) or spec.shape != (3, *inner.spec.shape[1:]):
            raise IncompatibleError(
                "metric stacked_modes reads the three colours of stacked_mnist, or of another dataset of stacked "
                "images whose `inner` is a dataset of single ones with labels. Elsewhere use class_coverage, or modes."
            )
        self.referee.check(inner.spec)

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        data: Any = evidence.data  # check() requires inner
        if self.ready is not data:
            self.referee.prepare(Reference.from_dataset(data.inner))
            self.ready = data
        modes, reverse_kl = coverage(self.counts(evidence.fake.x, data.inner.spec.classes))
        return {"stacked_modes": float(modes), "stacked_kl": reverse_kl}

    def counts(self, x: Tensor, classes: int) -> Tensor:
        """Return the number of samples of each mode, (N, 3, H, W) -> (classes^3,); red is the most significant."""
        red, green, blue = (self.referee.logits(x[:, [colour]]).argmax(1) for colour in range(3))  # (N,) each
        return torch.bincount((red * classes + green) * classes + blue, minlength=classes**3)
