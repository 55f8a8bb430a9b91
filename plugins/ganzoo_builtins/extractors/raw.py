"""Samples as they are."""

from __future__ import annotations

from torch import Tensor

from ganzoo import Extractor


class Raw(Extractor):
    """Pixels in [-1, 1], or coordinates: what needs no training and no download, and sees no shapes."""

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float().cpu()  # (N, *shape) -> (N, size)
