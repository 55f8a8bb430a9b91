"""Edges by the Sobel operator, a simple replacement of the edge detectors of pix2pix's edges -> photographs."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganzoo import Spec, Transform
from ganzoo_builtins.transforms.pixels import grey
from ganzoo_builtins.transforms.requirements import need_image

SOBEL = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8  # 1 at an edge between black (-1) and white (1)


class Edges(Transform):
    """Magnitude of the brightness gradient at each pixel, in grey: black for uniform areas, white for sharp edges."""

    def spec(self, spec: Spec) -> Spec:
        return Spec((1, *need_image("edges", spec).shape[1:]), spec.classes)

    def __call__(self, x: Tensor) -> Tensor:
        kernels = torch.stack([SOBEL, SOBEL.T])[:, None].to(x)  # (2, 1, 3, 3)
        gradient = conv2d(pad(grey(x), (1, 1, 1, 1), mode="replicate"), kernels)  # (N, C, H, W) -> (N, 2, H, W)
        magnitude = gradient.square().sum(1, keepdim=True).sqrt().clamp(max=1)  # -> (N, 1, H, W) in [0, 1]
        return 2 * magnitude - 1
