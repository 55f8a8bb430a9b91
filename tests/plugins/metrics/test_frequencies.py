"""Power above half the Nyquist frequency: of white noise, constants and sinusoids, as Fourier has them."""

from __future__ import annotations

import math

import pytest
import torch

from ganzoo import Evidence, IncompatibleError, Spec
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.metrics.frequencies import HighFrequencyPower, high_power
from helpers.evidence import seen


def ratio(fake: torch.Tensor, real: torch.Tensor) -> float:
    return HighFrequencyPower()(Evidence(seen(real), seen(real), seen(fake), Digits()))["high_frequency_power"]


def wave(frequency: float, amplitude: float = 1.0, side: int = 16) -> torch.Tensor:
    """Return an image (1, 1, side, side) of a horizontal sinusoid, in cycles per pixel."""
    row = amplitude * (2 * math.pi * frequency * torch.arange(side).double()).cos()
    return row.expand(1, 1, side, side)


def test_white_noise_has_its_variance_at_every_frequency() -> None:
    x = 0.5 * torch.randn(400, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert high_power(x) == pytest.approx(0.25, rel=0.01)


def test_the_ratio_of_two_white_noises_is_that_of_their_variances() -> None:
    x = torch.randn(100, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    assert ratio(3 * x, x) == pytest.approx(9)
    assert ratio(x, x) == 1


@pytest.mark.parametrize("value", [-1.0, 0.0, 0.7])
def test_a_constant_has_none(value: float) -> None:
    assert high_power(torch.full((2, 3, 8, 10), value)) == pytest.approx(0, abs=1e-25)


@pytest.mark.parametrize(("cycles", "seen_as_high"), [(1, False), (3, False), (4, False), (5, True), (7, True)])
def test_a_sinusoid_counts_above_a_quarter_of_a_cycle_per_pixel(cycles: int, seen_as_high: bool) -> None:
    """A cosine of amplitude a has two lines of |FFT|^2 = (a H W / 2)^2: the power 2 (a / 2)^2 H W in all."""
    frequencies = torch.fft.fftfreq(16).double()
    high = int((frequencies[:, None].hypot(frequencies) > 0.25).sum())
    expected = 2 * (0.6 / 2) ** 2 * 256 / high if seen_as_high else 0.0
    assert high_power(wave(cycles / 16, 0.6)) == pytest.approx(expected, rel=1e-9, abs=1e-20)


def test_a_diagonal_wave_is_higher_than_its_parts() -> None:
    both = wave(3 / 16) * wave(3 / 16).mT  # 3/16 in each direction: sqrt(2) * 3/16 > 1/4
    assert high_power(wave(3 / 16)) < 1e-20 < high_power(both)


def test_brightness_and_slow_gradients_change_nothing() -> None:
    x = wave(6 / 16)
    assert ratio(x + wave(2 / 16) + 0.3, x) == pytest.approx(1)


def test_what_it_cannot_compare() -> None:
    with pytest.raises(IncompatibleError, match="needs images"):
        HighFrequencyPower().check(Spec((2,)), Digits(), False)
    with pytest.raises(IncompatibleError, match="no power"):
        ratio(wave(0.4), torch.zeros(3, 1, 8, 8))
