"""The filter [1, 3, 3, 1] that doubles and halves the side of a map."""

from __future__ import annotations

import torch
from torch.nn.functional import conv2d, interpolate

from ganzoo_builtins.layers.resampling import Down, Up


def test_doubling_is_bilinear_interpolation_inside_the_map() -> None:
    x = torch.randn(2, 3, 6, 5)
    expected = interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    torch.testing.assert_close(Up()(x)[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_doubling_is_nearest_neighbours_smoothed_with_zeros_around_them() -> None:
    x = torch.randn(2, 3, 6, 5)
    taps = torch.tensor([1.0, 2.0, 1.0]) / 4
    kernel = torch.outer(taps, taps).expand(3, 1, 3, 3)
    expected = conv2d(interpolate(x, scale_factor=2), kernel, padding=1, groups=3)
    torch.testing.assert_close(Up()(x), expected)


def test_halving_is_smoothed_bilinear_interpolation_inside_the_map() -> None:
    x = torch.randn(2, 3, 8, 12)
    expected = interpolate(x, scale_factor=0.5, mode="bilinear", align_corners=False, antialias=True)
    torch.testing.assert_close(Down()(x)[..., 1:-1, 1:-1], expected[..., 1:-1, 1:-1])


def test_each_is_the_adjoint_of_the_other() -> None:
    x, y = torch.randn(2, 3, 4, 4), torch.randn(2, 3, 8, 8)
    torch.testing.assert_close((Up()(x) * y).sum(), 4 * (x * Down()(y)).sum())


def test_the_filter_is_not_trained_and_not_saved() -> None:
    assert not [*Up().parameters()] and not Up().state_dict()
