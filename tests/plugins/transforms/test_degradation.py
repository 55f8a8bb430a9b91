"""Degradations: their kernels against closed forms, their ranges, and that they are drawn for each image."""

from __future__ import annotations

import math

import pytest
import torch

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.transforms import degradation
from ganzoo_builtins.transforms.degradation import SIDE, Degradation, blur_kernel, filtered, jpeg, sinc_kernel

MIDDLE = SIDE // 2


@pytest.mark.parametrize("plateau", [False, True])
@pytest.mark.parametrize("radius", [3, 10])
def test_taps_sum_to_one_inside_the_radius(radius: int, plateau: bool) -> None:
    for kernel in (blur_kernel(radius, (9.0, 5.0), 0.4, 1.0, plateau), sinc_kernel(radius, 2.0)):
        assert kernel.sum().item() == pytest.approx(1, abs=1e-6)
        inside = kernel[MIDDLE - radius : MIDDLE + radius + 1, MIDDLE - radius : MIDDLE + radius + 1]
        assert inside.sum().item() == pytest.approx(1, abs=1e-6) and inside[0].abs().sum() > 0


def test_a_gaussian_has_the_deviations_asked_for() -> None:
    places = torch.arange(SIDE) - MIDDLE
    kernel = blur_kernel(10, (2.0, 1.0), 0.0, 1.0, False)
    assert (kernel.sum(0) * places**2).sum().item() == pytest.approx(4, rel=0.01)  # along rows
    assert (kernel.sum(1) * places**2).sum().item() == pytest.approx(1, rel=0.01)
    turned = blur_kernel(10, (2.0, 1.0), math.pi / 2, 1.0, False)
    torch.testing.assert_close(turned, kernel.T)


def test_shapes_are_those_of_their_formulas() -> None:
    at_two = {beta: blur_kernel(10, (2.0, 2.0), 0.0, beta, False) for beta in (0.5, 4.0)}
    for beta, kernel in at_two.items():  # r is 1 two pixels from the centre, and 2 four pixels
        ratio = kernel[MIDDLE, MIDDLE + 4] / kernel[MIDDLE, MIDDLE + 2]
        assert ratio.item() == pytest.approx(math.exp(0.5 - 0.5 * 2 ** (2 * beta)), rel=1e-4)
    plateau = blur_kernel(10, (2.0, 2.0), 0.0, 1.0, True)
    assert (plateau[MIDDLE, MIDDLE + 4] / plateau[MIDDLE, MIDDLE]).item() == pytest.approx(1 / 5, rel=1e-4)


def test_a_sinc_passes_low_frequencies_and_stops_high_ones() -> None:
    kernel = sinc_kernel(10, math.pi / 2)
    x = torch.arange(64.0)
    for frequency, passes in ((math.pi / 8, True), (7 * math.pi / 8, False)):
        wave = (frequency * x).cos().expand(1, 1, 64, 64)
        kept = filtered(wave, kernel)[..., 16:48].abs().max().item()
        assert (kept > 0.9) if passes else (kept < 0.1)


def test_jpeg_of_better_quality_is_nearer_to_the_image() -> None:
    x = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    errors = [(jpeg(x, quality) - x).square().mean().item() for quality in (10, 50, 95)]
    assert errors == sorted(errors, reverse=True) and errors[-1] > 0


def test_each_image_is_degraded_by_draws_of_its_own() -> None:
    x = torch.rand(1, 3, 32, 32).expand(6, -1, -1, -1) * 2 - 1
    torch.manual_seed(0)
    a = Degradation(2)(x)
    assert a.shape == (6, 3, 16, 16) and a.abs().max() <= 1
    assert len({image.sum().item() for image in a}) == 6
    torch.manual_seed(0)
    assert torch.equal(Degradation(2)(x), a)


def test_less_strength_changes_less() -> None:
    x = torch.nn.functional.interpolate(torch.rand(8, 1, 6, 6), (32, 32), mode="bicubic").clamp(0, 1) * 2 - 1
    errors = []
    for strength in (0.05, 0.4, 1.0):
        torch.manual_seed(3)
        errors.append((Degradation(1, strength)(x) - x).abs().mean().item())
    assert errors == sorted(errors) and errors[0] < 0.1


def test_draws_are_in_the_published_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    qualities, sizes = [], []
    monkeypatch.setattr(degradation, "jpeg", lambda x, quality: qualities.append(quality) or x)
    to_size = degradation._to_size
    monkeypatch.setattr(degradation, "_to_size", lambda x, size, mode: sizes.append(size) or to_size(x, size, mode))
    torch.manual_seed(0)
    Degradation(4)(torch.zeros(100, 1, 40, 40))
    assert len(qualities) == 200 and 30 <= min(qualities) < 40 and 85 < max(qualities) <= 95
    first, second, last = ([size[0] for size in sizes[k::3]] for k in range(3))
    assert 0.15 * 40 <= min(first) < 12 and 50 < max(first) <= 60 and 5 <= first.count(40) < 25
    assert min(second) >= 3 and max(second) <= 12 and set(last) == {10}


def test_sides_that_cannot_be_divided_are_refused() -> None:
    assert Degradation(4).spec(Spec((3, 32, 32), 5)) == Spec((3, 8, 8), 5)
    with pytest.raises(IncompatibleError, match=r"cannot divide 30x30 by 4: add dataset\.size=28"):
        Degradation(4).spec(Spec((3, 30, 30)))
