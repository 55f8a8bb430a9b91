"""Outlines by the Sobel operator, the smallest stand-in for the edge detectors of pix2pix's edges -> photographs."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganzoo import Spec, Transform
from ganzoo_builtins.transforms.fits import need_image
from ganzoo_builtins.transforms.pixels import grey

ACROSS = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8  # of black beside white, which are 2 apart: 1


class Edges(Transform):
    """How steeply brightness changes at each pixel: white where it is most, black on even ground. Always grey."""

    def spec(self, spec: Spec) -> Spec:
        return Spec((1, *need_image("edges", spec).shape[1:]), spec.classes)

    def __call__(self, x: Tensor) -> Tensor:
        kernels = torch.stack([ACROSS, ACROSS.T])[:, None].to(x)  # (2, 1, 3, 3)
        slopes = conv2d(pad(grey(x), (1, 1, 1, 1), mode="replicate"), kernels)  # (N, C, H, W) -> (N, 2, H, W)
        steepness = slopes.square().sum(1, keepdim=True).sqrt().clamp(max=1)  # -> (N, 1, H, W) in [0, 1]
        return 2 * steepness - 1
