"""The 8x8 digits that scikit-learn includes: real handwriting without a download."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo import SetupError, Source
from ganzoo_builtins.datasets.published import DIGITS, Fit, PublishedImages

SIDE = 8
BLACK = 16  # pixels lie in 0..16


class Digits(PublishedImages):
    """1,797 handwritten digits, 8x8, about 180 of each, from the scikit-learn package; there is no test split.

    Source: the test split of UCI's Optical Recognition of Handwritten Digits, Alpaydin and Kaynak (1998).

    Args:
        size: Side of the square that images are brought to; by default 8.
        fit: "resize" the images, with antialiasing, or "pad" them with black.
    """

    name = "digits"

    def __init__(self, size: int | None = None, fit: Fit = "resize"):
        super().__init__((1, SIDE, SIDE), DIGITS, size, fit)

    def sources(self) -> list[Source]:
        return []

    def read(self) -> tuple[Tensor, Tensor]:
        try:
            from sklearn.datasets import load_digits
        except ImportError:
            raise SetupError("digits come with scikit-learn: pip install 'ganzoo-torch[digits]' to read them") from None
        content = load_digits()
        x = torch.from_numpy(content.images)[:, None]  # (N, 8, 8) -> (N, 1, 8, 8)
        return (x * (255 / BLACK)).round().byte(), torch.from_numpy(content.target).long()
