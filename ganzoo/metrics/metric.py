"""A metric: from real and generated samples, as an extractor sees them, to a number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

from torch import Tensor

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Dataset, Spec
from ganzoo.metrics.extractor import Extractor


class Seen:
    """Samples x (N, *shape), images in [-1, 1], with labels y (N,) or None, as an extractor sees them.

    Of generated samples y is what was asked for. Features and logits are computed when somebody looks, and once.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor | None,
        extractor: Extractor,
        features: Tensor | None = None,
        logits: Tensor | None = None,
    ):
        self.x = x
        self.y = y
        self.extractor = extractor
        self._features = features
        self._logits = logits

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def features(self) -> Tensor:
        """(N, width) float32."""
        return self._features if self._features is not None else self.extractor.features(self.x)

    @cached_property
    def logits(self) -> Tensor:
        """(N, classes) float32."""
        return self._logits if self._logits is not None else self.extractor.logits(self.x)

    def first(self, n: int) -> Seen:
        """The first n of them. Those of real data are in random order already."""
        return self if n >= len(self) else self.only(slice(n))

    def of_class(self, y: int) -> Seen:
        """Those with label y."""
        assert self.y is not None, "these samples have no labels"
        return self.only(self.y == y)

    def only(self, which: slice | Tensor) -> Seen:
        features = self.features[which] if self._features is not None or "features" in vars(self) else None
        logits = self.logits[which] if self._logits is not None or "logits" in vars(self) else None
        labels = self.y[which] if self.y is not None else None
        return Seen(self.x[which], labels, self.extractor, features, logits)


@dataclass(frozen=True)
class Evidence:
    """What a metric is shown: real samples of the kind trained on, real ones held out, and generated ones.

    real, held: in an order drawn once, so that the first n are a sample of all. data: what the run was trained on.
    """

    real: Seen
    held: Seen
    fake: Seen
    data: Dataset

    def with_fake(self, fake: Seen) -> Evidence:
        """The same with other samples in the place of the generated ones."""
        return replace(self, fake=fake)


class Metric(ABC):
    """One way to judge generated samples; its constructor takes settings alone.

    What it returns is one number, or several under names of their own.
    """

    better: ClassVar[Mapping[str, Literal["lower", "higher", "nearer"]]]
    """Result -> which way is good; "nearer" to the floor where neither is. The first one is the metric's own, which
    picks the best checkpoint."""
    sees: Literal["samples", "features", "logits", "classes"] = "features"
    """"samples" when it looks at nothing but x, so that a score names no extractor; "logits" when it needs those of any
    classes, and "classes" when they have to be the classes of the data."""
    asked: bool = False
    """True when it needs the labels that samples were asked for."""
    samples: int = 0
    """How many generated samples its published protocol looks at; 0 for as many as are asked for."""
    by_default: bool = True
    """False for one that takes long, or answers a rare question: it is computed when asked for by name."""

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        """Check that this metric can judge such samples, before anything costs time.

        Raises:
            IncompatibleError: It cannot; the message says what would.
        """
        if self.asked and not (conditional and spec.classes):
            raise IncompatibleError(
                f"metric {next(iter(self.better))} compares samples with the classes they were asked for, and this "
                "GAN is not asked for classes. Use another metric, or a conditional GAN."
            )

    @abstractmethod
    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        """Result -> value, with the keys of `better`. Computed in float64; the same evidence gives the same numbers."""

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        """What held-out real samples score in the place of generated ones, as many as there are of those: no
        generator is expected to do better. `evidence.fake` is what was generated.
        """
        return self(evidence.with_fake(evidence.held.first(len(evidence.fake))))
