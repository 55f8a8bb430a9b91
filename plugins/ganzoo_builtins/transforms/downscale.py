"""Fewer pixels, as in the pairs of Ledig et al. 2017, SRGAN (arXiv:1609.04802)."""

from pydantic import PositiveInt
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo import IncompatibleError, Spec, Transform
from ganzoo_builtins.transforms.fits import need_image


class Downscale(Transform):
    """Bicubic, with a filter as wide as it takes to keep fine patterns from showing up as coarse ones.

    factor: how many times smaller each side becomes; 4 in SRGAN.
    """

    def __init__(self, factor: PositiveInt = 4):
        self.factor = factor

    def spec(self, spec: Spec) -> Spec:
        channels, height, width = need_image("downscale", spec).shape
        if height % self.factor or width % self.factor:
            raise IncompatibleError(
                f"transform downscale makes {height}x{width} {self.factor} times smaller, and that leaves a rest: "
                f"add dataset.size={height - height % self.factor or self.factor}, or set transform.factor."
            )
        return Spec((channels, height // self.factor, width // self.factor), spec.classes)

    def __call__(self, x: Tensor) -> Tensor:
        size = (x.shape[2] // self.factor, x.shape[3] // self.factor)
        return interpolate(x, size, mode="bicubic", antialias=True).clamp(-1, 1)  # -> (N, C, H/factor, W/factor)
