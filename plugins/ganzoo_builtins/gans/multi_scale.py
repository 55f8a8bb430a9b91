"""The discriminator of pix2pixHD, Wang et al. 2018 (arXiv:1711.11585), section 3.2: patches at several scales.

Networks of one architecture judge patches of the image, of the image at half its size, and so on. Those of small images
see most of it, and make coarse structure right; those of large ones see detail. In `translation` it takes the place of
`pix2pix`; with the regularizer `paired_feature_matching` and the loss `least_squares`, this is pix2pixHD's objective.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from ganzoo import Discriminator, IncompatibleError, Spec, stack_logits
from ganzoo_builtins.gans.pix2pix import Pix2pixDiscriminator
from ganzoo_builtins.gans.requirements import need_image

MOST_LAYERS = 3  # in the paper: patches of 70 pixels
LEAST = 3  # pixels that are left of a side


class MultiScaleDiscriminator(Discriminator):
    """x -> a map of patch logits at each scale, stacked.

    Args:
        spec: Shape, kind and classes of the samples.
        scales: Number of scales, each half as large as the one before: 3 in the paper, 2 in its code.
        width: Channels next to the image, doubled at each layer, up to eight times as many.
        layers: Number of strided layers: 1 sees patches of 16 pixels, 2 of 34, and 3, as in the paper, of 70, at each
            scale; 0 takes as many as the smallest scale has room for, three at most.
        norm: "instance" as in the paper, "batch", or "none", which penalties on the gradient at each sample require.
    """

    def __init__(
        self,
        spec: Spec,
        scales: Annotated[int, Field(ge=1, le=8)] = 2,
        width: PositiveInt = 64,
        layers: Annotated[int, Field(ge=0, le=8)] = 0,
        norm: Literal["batch", "instance", "none"] = "instance",
    ):
        super().__init__()
        channels, *sides = need_image("discriminator multi_scale", spec)
        sizes = [sides]
        for _ in range(scales - 1):
            sizes.append([(side + 1) // 2 for side in sizes[-1]])
        least = min(sizes[-1])
        possible = max((n for n in range(MOST_LAYERS + 1) if least >> n >= LEAST), default=0)
        if possible == 0 or least >> layers < LEAST:
            needed = LEAST * 2 ** (max(layers, 1) + scales - 1)
            raise IncompatibleError(
                f"discriminator multi_scale halves the image {scales - 1} times, and then by {max(layers, 1)} layers; "
                f"less than {LEAST} pixels are left of {sides[0]}x{sides[1]}: add dataset.size={needed}, or set scales "
                "or layers to fewer."
            )
        self.judges: Any = nn.ModuleList(
            Pix2pixDiscriminator(Spec((channels, *size)), width, layers or possible, norm) for size in sizes
        )

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return stack_logits([judge(image) for judge, image in zip(self.judges, self._scales(x), strict=True)])

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        images = zip(self.judges, self._scales(x), strict=True)
        return torch.cat([judge.features(image) for judge, image in images], dim=1)  # (N, width)

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> list[Tensor]:
        images = zip(self.judges, self._scales(x), strict=True)
        return [maps for judge, image in images for maps in judge.layer_features(image)]

    def _scales(self, x: Tensor) -> list[Tensor]:
        """Return the image (N, C, H, W), (N, C, H/2, W/2), ..., by the mean of 3x3 pixels without those outside."""
        images = [x]
        for _ in self.judges[1:]:
            images.append(avg_pool2d(images[-1], 3, stride=2, padding=1, count_include_pad=False))
        return images
