"""Transforms of each pixel by itself: noise, negative, greyscale."""

import torch
from pydantic import PositiveFloat
from torch import Tensor

from ganzoo import IncompatibleError, Spec, Transform
from ganzoo_builtins.transforms.requirements import need_image

LUMA = (0.299, 0.587, 0.114)  # weights of red, green and blue (ITU-R BT.601)


class Noise(Transform):
    """Adds new Gaussian noise each time, and clamps pixels to their range, as in an image file.

    Args:
        sigma: Standard deviation of the noise, as a share of the distance from black to white.
    """

    def __init__(self, sigma: PositiveFloat = 0.2):
        self.sigma = sigma

    def spec(self, spec: Spec) -> Spec:
        return need_image("noise", spec)

    def __call__(self, x: Tensor) -> Tensor:
        return (x + 2 * self.sigma * torch.randn_like(x)).clamp(-1, 1)  # black is -1 and white 1: twice the share


class Negative(Transform):
    """Negative: exchanges black and white, and each colour and its complement."""

    def spec(self, spec: Spec) -> Spec:
        return need_image("negative", spec)

    def __call__(self, x: Tensor) -> Tensor:
        return -x


class Grey(Transform):
    """Greyscale: one channel instead of three."""

    def spec(self, spec: Spec) -> Spec:
        if need_image("grey", spec).shape[0] != 3:
            raise IncompatibleError(
                "transform grey removes colour, and these images have none: choose a dataset in colour."
            )
        return Spec((1, *spec.shape[1:]), spec.classes)

    def __call__(self, x: Tensor) -> Tensor:
        return grey(x)


def grey(x: Tensor) -> Tensor:
    """Return the brightness of images, (N, 3, H, W) -> (N, 1, H, W); grey images (N, 1, H, W) stay unchanged."""
    if x.shape[1] == 1:
        return x
    return torch.einsum("nchw,c->nhw", x, torch.tensor(LUMA, device=x.device))[:, None]
