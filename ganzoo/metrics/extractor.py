"""What metrics look at samples with: features, and for some also classes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from torch import Tensor

if TYPE_CHECKING:
    from ganzoo.interfaces import Spec
    from ganzoo.metrics.reference import Reference


class Extractor(ABC):
    """Maps samples to features. A score carries its extractor's name, for scores of different ones say nothing
    of each other.

    An object is made from the recipe's settings alone; check() and prepare() are called before features().
    """

    classifies: Literal["", "data", "others"] = ""
    """What logits() tells: nothing, the classes of the data, or other classes, such as ImageNet's."""
    digest: str = ""
    """What makes its features these and no others: SHA-256 of weights, known after prepare(). "" where there are
    none."""

    def check(self, spec: Spec) -> None:
        """Before anything costs time. Errors: IncompatibleError for samples it cannot look at; DataError or SetupError
        with what to do when a file or a package is missing. Never downloads.
        """
        return

    def prepare(self, reference: Reference) -> None:
        """Get ready to look: read weights, or train on reference.real and test on reference.held. Once; may take
        minutes, the result of which belongs into reference.cache.

        Errors: those of check(), and IncompatibleError when what was trained is too poor to judge anybody.
        """
        return

    @abstractmethod
    def features(self, x: Tensor) -> Tensor:
        """(N, *shape), images in [-1, 1] -> (N, width) float32, on the CPU."""

    def logits(self, x: Tensor) -> Tensor:
        """(N, *shape) -> (N, classes) float32, on the CPU. Only where `classifies`."""
        raise NotImplementedError(f"{type(self).__name__} tells features, not classes")

    def facts(self) -> Mapping[str, Any]:
        """What a reader of a score should know of it beside settings and digest, such as its accuracy; as JSON."""
        return {}
