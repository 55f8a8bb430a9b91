"""Base class of feature extractors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

if TYPE_CHECKING:
    from ganzoo.data.sources import Source
    from ganzoo.interfaces import Spec
    from ganzoo.metrics.reference import Reference


class Extractor(ABC):
    """Computes the features of samples that metrics compare.

    The constructor takes the recipe's settings alone; check() and prepare() are called before features(). Scores have
    the name of their extractor, because those of different extractors cannot be compared.
    """

    classifies: Literal["", "data", "others"] = ""
    """Classes that logits() predicts: none, those of the data, or others, such as ImageNet's."""
    digest: str = ""
    """SHA-256 of the weights, known after prepare(); "" if there are none. It identifies the features."""

    def sources(self) -> Sequence[Source]:
        """Return the files to download, for `ganzoo data get` and `ganzoo data check`."""
        return ()

    def check(self, spec: Spec) -> None:
        """Check that this extractor can be used, before any expensive computation. It never downloads anything.

        Args:
            spec: Format of the samples.

        Raises:
            IncompatibleError: It cannot process such samples.
            DataError: A file is missing; the message says how to get it.
            SetupError: A package is missing; the message says how to install it.
        """
        return

    def prepare(self, reference: Reference) -> None:
        """Read weights, or train on `reference.real` and test on `reference.held`.

        It is called once and may take minutes; results that are worth keeping belong into `reference.cache`.

        Args:
            reference: The real samples.

        Raises:
            IncompatibleError: The trained extractor is too inaccurate.
            DataError: As for check().
            SetupError: As for check().
        """
        return

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """Return the features (N, width), float32 on the CPU, of samples (N, *shape), images in [-1, 1]."""

    def logits(self, x: Tensor) -> Tensor:
        """Return the logits (N, classes), float32 on the CPU, of samples (N, *shape); only if `classifies` is set."""
        raise NotImplementedError(f"{type(self).__name__} computes features, not classes")

    def classes(self, features: Tensor, logits: Tensor) -> Tensor:
        """Return the class that each sample is read as, or -1 for a sample that is not recognized as any.

        By default it is the one with the highest logit.

        Args:
            features: Features of samples (N, width).
            logits: Logits of the same samples (N, classes).

        Returns:
            The classes, (N,) int64.
        """
        return logits.argmax(1)

    def facts(self) -> Mapping[str, Any]:
        """Return what a protocol records in addition to settings and digest, such as the accuracy; JSON values."""
        return {}
