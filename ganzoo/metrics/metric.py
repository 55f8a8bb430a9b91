"""Base class of metrics, and the samples that they compare."""

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
    """Samples with their features and logits, which are computed on first access.

    Args:
        x: Samples (N, *shape), images in [-1, 1].
        y: Labels (N,), or None. For generated samples, the requested classes.
        extractor: The extractor of features and logits.
        features: Features (N, width), if they are known.
        logits: Logits (N, classes), if they are known.
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
        """Return the features (N, width), float32."""
        return self._features if self._features is not None else self.extractor.features(self.x)

    @cached_property
    def logits(self) -> Tensor:
        """Return the logits (N, classes), float32."""
        return self._logits if self._logits is not None else self.extractor.logits(self.x)

    @cached_property
    def classes(self) -> Tensor:
        """Return the class (N,) that the extractor reads each sample as, -1 where it recognizes none."""
        return self.extractor.classes(self.features, self.logits)

    def first(self, n: int) -> Seen:
        """Return the first n samples; real samples are in random order already."""
        return self if n >= len(self) else self.only(slice(n))

    def of_class(self, y: int) -> Seen:
        """Return the samples with label y."""
        assert self.y is not None, "these samples have no labels"
        return self.only(self.y == y)

    def only(self, which: slice | Tensor) -> Seen:
        """Return the samples of a slice, or at the indices or the mask of a tensor."""
        features = self.features[which] if self._features is not None or "features" in vars(self) else None
        logits = self.logits[which] if self._logits is not None or "logits" in vars(self) else None
        labels = self.y[which] if self.y is not None else None
        return Seen(self.x[which], labels, self.extractor, features, logits)


@dataclass(frozen=True)
class Evidence:
    """All that a metric is computed from.

    Args:
        real: Real samples of the training data, in a fixed random order, so that the first n represent all.
        held: Held-out real samples, likewise.
        fake: Generated samples.
        data: The training data.
    """

    real: Seen
    held: Seen
    fake: Seen
    data: Dataset

    def with_fake(self, fake: Seen) -> Evidence:
        """Return the evidence with other samples in place of the generated ones."""
        return replace(self, fake=fake)


class Metric(ABC):
    """A measure of the quality of generated samples, with one or several results.

    The constructor takes settings alone.
    """

    better: ClassVar[Mapping[str, Literal["lower", "higher", "nearer"]]]
    """Result -> better direction; "nearer" means nearer to the floor. The first result is the main one, which decides
    on the best checkpoint."""
    sees: Literal["samples", "features", "logits", "classes"] = "features"
    """Input: "samples" for x alone, without an extractor; "features"; "logits" of any classes; or "classes" of the data
    that the extractor reads."""
    asked: bool = False
    """True if the metric needs the requested classes of generated samples."""
    samples: int = 0
    """Number of generated samples in the published protocol; 0 for the number of the evaluation."""
    by_default: bool = True
    """False for a slow or special metric, which is computed only if it is named."""

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        """Check that this metric applies to such samples, before any expensive computation.

        Args:
            spec: Format of the samples.
            data: The training data.
            conditional: Whether classes are requested from the GAN.

        Raises:
            IncompatibleError: It does not apply; the message says what to use instead.
        """
        if self.asked and not (conditional and spec.classes):
            raise IncompatibleError(
                f"metric {next(iter(self.better))} compares samples with their requested classes, and these have none. "
                "Use another metric, or samples of a conditional GAN."
            )

    @abstractmethod
    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        """Compute the results, in float64; equal evidence gives equal values.

        Args:
            evidence: The samples.

        Returns:
            Result -> value, with the keys of `better`.
        """

    def floor(self, evidence: Evidence) -> Mapping[str, float]:
        """Compute the score of an equal number of held-out real samples in place of the generated ones.

        No generator should be expected to score better.

        Args:
            evidence: The samples, with the generated ones.

        Returns:
            Result -> value; results may be missing.
        """
        return self(evidence.with_fake(evidence.held.first(len(evidence.fake))))
