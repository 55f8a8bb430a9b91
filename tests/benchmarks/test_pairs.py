"""PSNR and SSIM of the judge `pairs`, compared with their definitions."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch

import ganzoo
from ganzoo.config import locate, resolver
from ganzoo.interfaces import Spec
from ganzoo.procedure import Procedure
from ganzoo.registry import discovery
from ganzoo.sampling.model import Model
from judges import pairs
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


def test_the_images_come_from_the_test_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten black images as MNIST's test split; there is no training split to take others from."""
    folder = tmp_path / "MNIST/raw"
    folder.mkdir(parents=True)
    images, labels = np.zeros((10, 28, 28), np.uint8), np.arange(10, dtype=np.uint8)
    for name, data in (("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", labels)):
        (folder / name).write_bytes(
            bytes([0, 0, 8, data.ndim]) + np.array(data.shape, ">i4").tobytes() + data.tobytes()
        )
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    plugins = discovery.load()
    recipe, _ = resolver.read(locate.find("denoise_mnist", plugins), (), plugins.zoo)
    model = Model(Mock(Procedure), Spec((1, 28, 28)), [], recipe=recipe)
    monkeypatch.setattr(ganzoo, "load", lambda *_: model)
    held, is_test = pairs.held_out(ganzoo.Run(tmp_path))
    assert is_test and held.data and len(held.data()) == 10
