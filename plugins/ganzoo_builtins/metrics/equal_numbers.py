"""As many real samples as generated ones, for metrics whose value depends on both numbers."""

from __future__ import annotations

from torch import Tensor

from ganzoo import Evidence, IncompatibleError


def equal_numbers(name: str, evidence: Evidence, most: int, neighbours: int) -> tuple[Tensor, Tensor]:
    """Return as many real as generated features, (n, F) each, n <= most.

    Raises:
        IncompatibleError: There are too few for so many neighbours.
    """
    n = min(most, len(evidence.real), len(evidence.fake))
    if n <= neighbours:
        raise IncompatibleError(
            f"metric {name} looks at {neighbours} neighbours of each sample, and there are {n} samples: raise their "
            "number (that of `most` too), or lower `neighbours`."
        )
    return evidence.real.first(n).features, evidence.fake.first(n).features
