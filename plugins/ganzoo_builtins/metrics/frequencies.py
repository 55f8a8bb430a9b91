"""Power of images at high frequencies: speckle raises it, blur lowers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import Dataset, Evidence, IncompatibleError, Metric, Spec

HIGH = 0.25  # cycles per pixel: half the Nyquist frequency of 0.5
CHUNK = 1_000  # images transformed at a time


def high_power(x: Tensor) -> float:
    """Return the mean power |FFT|^2 / (H W) at frequencies above half the Nyquist frequency, in float64.

    White noise of variance v has the power v at every frequency.

    Args:
        x: Images (N, C, H, W), of at least 4 pixels in one direction.

    Returns:
        The mean over images, channels, and all frequencies of more than a quarter of a cycle per pixel.
    """
    height, width = x.shape[2:]
    vertical, horizontal = torch.fft.fftfreq(height).double(), torch.fft.fftfreq(width).double()
    high = vertical[:, None].hypot(horizontal) > HIGH  # (H, W)
    power = sum(torch.fft.fft2(part.double()).abs().square().sum((0, 1)) for part in x.split(CHUNK))
    assert isinstance(power, Tensor)
    return float(power[high].mean()) / (height * width * x.shape[0] * x.shape[1])


class HighFrequencyPower(Metric):
    """Mean power of generated images above half the Nyquist frequency, divided by that of real images.

    1 is right; above 1 the images are speckled or noisy, below 1 blurred. The power is that of the discrete Fourier
    transform, averaged over images, channels, and all frequencies of more than a quarter of a cycle per pixel.

    Args:
        most: Largest number of images of each kind.
    """

    better: ClassVar = {"high_frequency_power": "nearer"}
    sees = "samples"

    def __init__(self, most: PositiveInt = 10_000):
        self.most = most

    def check(self, spec: Spec, data: Dataset, conditional: bool) -> None:
        if not spec.is_image or max(spec.shape[1:]) < 4:
            raise IncompatibleError("metric high_frequency_power needs images of at least 4 pixels in one direction.")

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        real = high_power(evidence.real.first(self.most).x)
        if not real > 0:
            raise IncompatibleError("metric high_frequency_power: the real images have no power at high frequencies.")
        return {"high_frequency_power": high_power(evidence.fake.first(self.most).x) / real}
