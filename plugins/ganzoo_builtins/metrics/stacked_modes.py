"""How many of the thousand triples of digits a generator draws."""

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
    """Modes of stacked digits: a referee of single digits reads red, green and blue, and three digits are a mode.

    stacked_modes: those with a sample, of 1,000. stacked_kl: KL(samples over modes || equal shares) in nats, PacGAN's
    reverse KL (arXiv:1712.04086). It looks at 26,000 samples, of which perfect ones of equal modes score about
    999 / (2 * 26000) = 0.019, and those of MNIST's test part 0.025. The protocol is that of Metz et al. 2017
    (arXiv:1611.02163), the referee our own.
    steps, least: of that referee, see `ganzoo show referee`; three digits are read right less often than one.
    """

    better: ClassVar = {"stacked_modes": "higher", "stacked_kl": "lower"}
    sees = "samples"
    samples = 26_000

    def __init__(self, steps: PositiveInt = 3500, least: Annotated[float, Field(ge=0, le=1)] = 0.95):
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
        data: Any = evidence.data  # check() saw that it has inner
        if self.ready is not data:
            self.referee.prepare(Reference.from_dataset(data.inner))
            self.ready = data
        modes, reverse_kl = coverage(self.counts(evidence.fake.x, data.inner.spec.classes))
        return {"stacked_modes": float(modes), "stacked_kl": reverse_kl}

    def counts(self, x: Tensor, classes: int) -> Tensor:
        """(N, 3, H, W) -> (classes^3,): samples of each mode, the first colour weighing most."""
        red, green, blue = (self.referee.logits(x[:, [colour]]).argmax(1) for colour in range(3))  # (N,) each
        return torch.bincount((red * classes + green) * classes + blue, minlength=classes**3)
