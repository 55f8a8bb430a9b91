"""PSNR and SSIM of the judge `pairs`, compared with their definitions."""

from __future__ import annotations

import pytest
import torch

from judges.pairs import enlarged, psnr, ssim


def test_psnr_of_a_known_error() -> None:
    """A tenth of the distance from black to white everywhere is 20 dB; it is a mean over images."""
    truth = torch.zeros(2, 1, 8, 8)
    assert psnr(truth + 0.2, truth) == pytest.approx(20, abs=1e-4)
    mixed = truth.clone()
    mixed[0], mixed[1] = 0.2, 0.02
    assert psnr(mixed, truth) == pytest.approx(30, abs=1e-4)


def test_ssim_of_equal_opposite_and_shifted_images() -> None:
    torch.manual_seed(0)
    truth = torch.rand(4, 3, 20, 20) * 2 - 1
    assert ssim(truth, truth) == pytest.approx(1)
    assert ssim(-truth, truth) < -0.5
    brighter = torch.full_like(truth, 0.6)  # 0.8 beside 0.5: only brightness differs, (2xy + c) / (x^2 + y^2 + c)
    assert ssim(brighter, torch.zeros_like(truth)) == pytest.approx((0.8 + 1e-4) / (0.64 + 0.25 + 1e-4), abs=1e-6)


def test_ssim_falls_with_noise() -> None:
    torch.manual_seed(0)
    truth = torch.rand(4, 1, 28, 28) * 2 - 1
    values = [ssim(truth + level * torch.randn_like(truth), truth) for level in (0.0, 0.1, 0.3, 1.0)]
    assert values == sorted(values, reverse=True)


def test_inputs_are_compared_in_the_size_of_the_truth() -> None:
    b = torch.rand(2, 1, 8, 8)
    assert enlarged(b, b) is b
    assert enlarged(torch.full((2, 1, 4, 4), 0.5), b).unique().tolist() == [0.5]  # type: ignore[union-attr]
    assert enlarged(torch.rand(2, 3, 8, 8), b) is None
