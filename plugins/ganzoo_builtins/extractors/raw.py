"""Raw samples as features."""

from __future__ import annotations

from torch import Tensor

from ganzoo import Extractor


class Raw(Extractor):
    """Pixels in [-1, 1], or coordinates. It needs no training and no download, but does not recognize shapes."""

    def features(self, x: Tensor) -> Tensor:
        return x.flatten(1).float().cpu()  # (N, *shape) -> (N, size)
