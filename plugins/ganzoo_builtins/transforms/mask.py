"""A rectangular hole in the image, as in Pathak et al. 2016, Context Encoders (arXiv:1604.07379)."""

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from ganzoo import IncompatibleError, Spec, Transform
from ganzoo_builtins.transforms.requirements import need_image


class Mask(Transform):
    """Fills a hole with the mean colour of the rest of the image.

    Args:
        share: Side of the hole as a share of the image's side; 0.5 in the paper.
        place: "centre", or "random" for a new place in each image, each time.
    """

    def __init__(self, share: Annotated[float, Field(gt=0, lt=1)] = 0.5, place: Literal["centre", "random"] = "centre"):
        self.share = share
        self.place = place

    def spec(self, spec: Spec) -> Spec:
        _, height, width = need_image("mask", spec).shape
        if not all(0 < hole < side for hole, side in zip(self.hole(height, width), (height, width), strict=True)):
            raise IncompatibleError(
                f"transform mask finds no room for a hole in {height}x{width}: set transform.share, or a size."
            )
        return spec

    def __call__(self, x: Tensor) -> Tensor:
        inside = self.inside(x)
        outside = (~inside).sum((2, 3), keepdim=True)  # (N, 1, 1, 1)
        mean = (x * ~inside).sum((2, 3), keepdim=True) / outside  # (N, C, 1, 1)
        return torch.where(inside, mean, x)

    def inside(self, x: Tensor) -> Tensor:
        """Return a mask that is True in the hole, bool (N, 1, H, W)."""
        n, _, *sides = x.shape
        masks = []
        for side, hole in zip(sides, self.hole(*sides), strict=True):
            room = side - hole
            start = torch.randint(room + 1, (n, 1), device=x.device) if self.place == "random" else room // 2
            pixels = torch.arange(side, device=x.device)[None]  # (1, side)
            masks.append((pixels >= start) & (pixels < start + hole))  # (N, side) or (1, side)
        return (masks[0][:, None, :, None] & masks[1][:, None, None, :]).expand(n, 1, *sides)

    def hole(self, height: int, width: int) -> tuple[int, int]:
        """Return the height and width of the hole."""
        return round(self.share * height), round(self.share * width)
