"""Degradations of photographs, Wang, Xie, Dong and Shan 2021, Real-ESRGAN (arXiv:2107.10833), section 3 and appendix.

Twice in a row an image is blurred, resized, made noisy and compressed, each with random settings. Then it is brought to
its final size, and filtered by a sinc that rings at edges, before or after a last compression. All draws are those of
PyTorch's global generator, and each image has its own.
"""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from pydantic import PositiveFloat, PositiveInt
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from ganzoo import IncompatibleError, Spec, Transform
from ganzoo_builtins.transforms.requirements import need_image

SIDE = 21  # of the kernels, in pixels; smaller ones have zeros around them
RADII = (3, 10)  # of kernels of 7 to 21 pixels
SHAPES = ("gaussian", "generalized", "plateau")
SHARES = ((0.45, 0.12, 0.12), (0.25, 0.03, 0.03))  # of each shape: round ones, and stretched ones
MODES = ("area", "bilinear", "bicubic")


class Round(NamedTuple):
    """Ranges of one round of degradations.

    Attributes:
        blurred: Probability of a blur.
        sinc: Probability that the blur is a sinc filter.
        sigma: Standard deviations of blurs, in pixels.
        resized: Probabilities of an enlargement and of a reduction; of neither otherwise.
        scale: Factors of the size.
        gaussian: Standard deviations of Gaussian noise, of 255 grey values.
        poisson: Factors of Poisson noise, which is as strong as the light is weak.
        quality: Quality of the JPEG compression.
    """

    blurred: float
    sinc: float
    sigma: tuple[float, float]
    resized: tuple[float, float]
    scale: tuple[float, float]
    gaussian: tuple[float, float]
    poisson: tuple[float, float]
    quality: tuple[float, float]


ROUNDS = (
    Round(1.0, 0.1, (0.2, 3.0), (0.2, 0.7), (0.15, 1.5), (1, 30), (0.05, 3.0), (30, 95)),
    Round(0.8, 0.1, (0.2, 1.5), (0.3, 0.4), (0.3, 1.2), (1, 25), (0.05, 2.5), (30, 95)),
)
LAST_SINC = 0.8  # probability of the sinc filter at the end
GREY_NOISE = 0.4  # probability that noise is equal in all channels


class Degradation(Transform):
    """Random blur, resizing, noise and JPEG compression, twice, then the final size.

    The ranges are those of the authors' code, for photographs of hundreds of pixels.

    Args:
        factor: Ratio of the sides before and after; 4 in the paper.
        strength: Factor of the widths of blurs, of noise, of changes of size (of their logarithm) and of what JPEG
            loses (100 - quality). 1 in the paper; less for small images.
    """

    def __init__(self, factor: PositiveInt = 4, strength: PositiveFloat = 1.0):
        self.factor = factor
        self.strength = strength

    def spec(self, spec: Spec) -> Spec:
        channels, height, width = need_image("degradation", spec).shape
        if height % self.factor or width % self.factor:
            raise IncompatibleError(
                f"transform degradation cannot divide {height}x{width} by {self.factor}: "
                f"add dataset.size={height - height % self.factor or self.factor}, or set transform.factor."
            )
        return replace(spec, shape=(channels, height // self.factor, width // self.factor), source_shape=None)

    def __call__(self, x: Tensor) -> Tensor:
        return torch.cat([self._degraded(image) for image in x.split(1)])  # (N, C, H, W) -> (N, C, H/f, W/f)

    def _degraded(self, x: Tensor) -> Tensor:
        """Degrade one image (1, C, H, W)."""
        height, width = x.shape[2:]
        size = (height // self.factor, width // self.factor)
        x = (x + 1) / 2  # in [0, 1]
        for one in ROUNDS:
            x = self._blurred(x, one)
            x = self._resized(x, one, (height, width))
            x = self._noisy(x, one).clamp(0, 1)
            if one is not ROUNDS[-1]:
                x = self._compressed(x, one.quality)
        compressed_last = _drawn() < 0.5
        if not compressed_last:
            x = self._compressed(x, ROUNDS[-1].quality)
        x = _to_size(x, size, _mode())
        if _drawn() < LAST_SINC:
            x = filtered(x, sinc_kernel(_radius(), _uniform(math.pi / 3, math.pi)).to(x)).clamp(0, 1)
        if compressed_last:
            x = self._compressed(x, ROUNDS[-1].quality)
        return (2 * x - 1).clamp(-1, 1)

    def _blurred(self, x: Tensor, one: Round) -> Tensor:
        if _drawn() >= one.blurred:
            return x
        if _drawn() < one.sinc:
            return filtered(x, sinc_kernel(_radius(), _uniform(math.pi / 3, math.pi)).to(x))
        shares = torch.tensor(SHARES).flatten()
        stretched, shape = divmod(int(torch.multinomial(shares, 1)), len(SHAPES))
        sigma = self.strength * _uniform(*one.sigma)
        other = self.strength * _uniform(*one.sigma) if stretched else sigma
        beta = {"gaussian": 1.0, "generalized": _uniform(0.5, 4.0), "plateau": _uniform(1.0, 2.0)}[SHAPES[shape]]
        angle = _uniform(-math.pi, math.pi)
        return filtered(x, blur_kernel(_radius(), (sigma, other), angle, beta, SHAPES[shape] == "plateau").to(x))

    def _resized(self, x: Tensor, one: Round, full: tuple[int, int]) -> Tensor:
        up, down = one.resized
        chance = _drawn()
        scale = 1.0
        if chance < up:
            scale = _uniform(1, one.scale[1])
        elif chance < up + down:
            scale = _uniform(one.scale[0], 1)
        scale **= self.strength
        divisor = 1 if one is ROUNDS[0] else self.factor  # the second round works near the final size
        size = (max(1, round(full[0] / divisor * scale)), max(1, round(full[1] / divisor * scale)))
        return _to_size(x, size, _mode())

    def _noisy(self, x: Tensor, one: Round) -> Tensor:
        channels = 1 if _drawn() < GREY_NOISE else x.shape[1]
        light = x[:, :channels] if channels == x.shape[1] else x.mean(1, keepdim=True)
        if _drawn() < 0.5:
            noise = torch.randn_like(light) * (_uniform(*one.gaussian) / 255)
        else:
            counts = 255 * light.clamp(0, 1)
            noise = (torch.poisson(counts) - counts) / 255 * _uniform(*one.poisson)
        return x + self.strength * noise

    def _compressed(self, x: Tensor, quality: tuple[float, float]) -> Tensor:
        lost = self.strength * (100 - _uniform(*quality))
        return jpeg(x, max(1, min(100, round(100 - lost))))


def jpeg(x: Tensor, quality: int) -> Tensor:
    """Compress an image.

    Args:
        x: The image (1, C, H, W) in [0, 1], of one channel or three.
        quality: 1 to 100.

    Returns:
        What a JPEG file holds of it.
    """
    if x.is_meta:
        return x
    pixels = (x[0].clamp(0, 1) * 255).round().to(torch.uint8).cpu()  # (C, H, W)
    picture = Image.fromarray(pixels[0].numpy() if len(pixels) == 1 else pixels.permute(1, 2, 0).numpy())
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    with Image.open(file) as opened:
        decoded = torch.from_numpy(np.array(opened)).view(*pixels.shape[1:], len(pixels))  # (H, W, C)
    return (decoded.permute(2, 0, 1).float() / 255)[None].to(x)


def blur_kernel(radius: int, sigma: tuple[float, float], angle: float, beta: float, plateau: bool) -> Tensor:
    """Return a kernel of blur, whose taps sum to 1.

    Args:
        radius: Pixels from the centre to the sides.
        sigma: Standard deviations along both axes.
        angle: Angle of the axes.
        beta: Exponent of the shape; 1 for a Gaussian.
        plateau: 1 / (1 + r^(2 beta)) in place of exp(-r^(2 beta) / 2), where r is the distance in deviations.

    Returns:
        Taps (SIDE, SIDE).
    """
    places = torch.arange(SIDE, dtype=torch.float64) - SIDE // 2
    y, x = torch.meshgrid(places, places, indexing="ij")
    along, across = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    squares = ((along / sigma[0]).square() + (across / sigma[1]).square()) ** beta
    taps = 1 / (1 + squares) if plateau else (-squares / 2).exp()
    taps = taps * (torch.maximum(x.abs(), y.abs()) <= radius)
    return (taps / taps.sum()).float()


def sinc_kernel(radius: int, cutoff: float) -> Tensor:
    """Return the kernel of a round low-pass filter, whose taps sum to 1.

    Args:
        radius: Pixels from the centre to the sides.
        cutoff: Largest frequency that passes, in radians per pixel.

    Returns:
        Taps (SIDE, SIDE).
    """
    places = torch.arange(SIDE, dtype=torch.float64) - SIDE // 2
    y, x = torch.meshgrid(places, places, indexing="ij")
    distance = torch.hypot(x, y)
    taps = cutoff * torch.special.bessel_j1(cutoff * distance) / (2 * math.pi * distance.clamp_min(1e-9))
    taps[SIDE // 2, SIDE // 2] = cutoff**2 / (4 * math.pi)  # the limit at the centre
    taps = taps * (torch.maximum(x.abs(), y.abs()) <= radius)
    return (taps / taps.sum()).float()


def filtered(x: Tensor, kernel: Tensor) -> Tensor:
    """Filter each channel of images (N, C, H, W) by taps (K, K); the border is repeated."""
    reach = len(kernel) // 2
    x = pad(x, (reach, reach, reach, reach), mode="replicate")
    return conv2d(x, kernel.expand(x.shape[1], 1, -1, -1), groups=x.shape[1])


def _to_size(x: Tensor, size: tuple[int, int], mode: str) -> Tensor:
    x = interpolate(x, size, mode=mode) if mode == "area" else interpolate(x, size, mode=mode, antialias=False)
    return x.clamp(0, 1)  # bicubic interpolation overshoots


def _drawn() -> float:
    return torch.rand(()).item()


def _uniform(low: float, high: float) -> float:
    return low + (high - low) * _drawn()


def _radius() -> int:
    return int(torch.randint(RADII[0], RADII[1] + 1, ()))


def _mode() -> str:
    return MODES[int(torch.randint(len(MODES), ()))]
