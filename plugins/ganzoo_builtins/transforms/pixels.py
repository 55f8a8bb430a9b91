"""What happens to each pixel by itself."""

import torch
from pydantic import PositiveFloat
from torch import Tensor

from ganzoo import IncompatibleError, Spec, Transform
from ganzoo_builtins.transforms.fits import need_image

LUMA = (0.299, 0.587, 0.114)  # how bright red, green and blue are (ITU-R BT.601)


class Noise(Transform):
    """Gaussian noise, drawn anew each time, and what leaves the range of pixels cut off, as in a picture file.

    sigma: its standard deviation, as a share of the distance from black to white.
    """

    def __init__(self, sigma: PositiveFloat = 0.2):
        self.sigma = sigma

    def spec(self, spec: Spec) -> Spec:
        return need_image("noise", spec)

    def __call__(self, x: Tensor) -> Tensor:
        return (x + 2 * self.sigma * torch.randn_like(x)).clamp(-1, 1)  # black is -1 and white 1: twice the share


class Negative(Transform):
    """Black for white, and each colour for its opposite."""

    def spec(self, spec: Spec) -> Spec:
        return need_image("negative", spec)

    def __call__(self, x: Tensor) -> Tensor:
        return -x


class Grey(Transform):
    """One channel in the place of three."""

    def spec(self, spec: Spec) -> Spec:
        if need_image("grey", spec).shape[0] != 3:
            raise IncompatibleError(
                "transform grey takes colour away, and these images have none: choose a dataset in colour."
            )
        return Spec((1, *spec.shape[1:]), spec.classes)

    def __call__(self, x: Tensor) -> Tensor:
        return grey(x)


def grey(x: Tensor) -> Tensor:
    """(N, 3, H, W) -> (N, 1, H, W); of images that are grey already, their only channel."""
    if x.shape[1] == 1:
        return x
    return torch.einsum("nchw,c->nhw", x, torch.tensor(LUMA, device=x.device))[:, None]
