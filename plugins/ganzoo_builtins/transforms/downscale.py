"""Downscaling, as in the pairs of Ledig et al. 2017, SRGAN (arXiv:1609.04802)."""

from pydantic import PositiveInt
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo import IncompatibleError, Spec, Transform
from ganzoo_builtins.transforms.requirements import need_image


class Downscale(Transform):
    """Downscaling by bicubic interpolation with an antialiasing filter.

    Args:
        factor: Ratio of the sides before and after; 4 in SRGAN.
    """

    def __init__(self, factor: PositiveInt = 4):
        self.factor = factor

    def spec(self, spec: Spec) -> Spec:
        channels, height, width = need_image("downscale", spec).shape
        if height % self.factor or width % self.factor:
            raise IncompatibleError(
                f"transform downscale cannot divide {height}x{width} by {self.factor}: "
                f"add dataset.size={height - height % self.factor or self.factor}, or set transform.factor."
            )
        return Spec((channels, height // self.factor, width // self.factor), spec.classes)

    def __call__(self, x: Tensor) -> Tensor:
        size = (x.shape[2] // self.factor, x.shape[3] // self.factor)
        return interpolate(x, size, mode="bicubic", antialias=True).clamp(-1, 1)  # -> (N, C, H/factor, W/factor)
