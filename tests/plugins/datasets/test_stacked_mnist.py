"""Stacked MNIST: three independent digits in each image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo_builtins.datasets import stacked_mnist
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.datasets.stacked_mnist import StackedMNIST

WriteIdx = Callable[[str, np.ndarray], Path]


def write(write_idx: WriteIdx, part: str, shades: list[int]) -> None:
    """Images of one shade each."""
    shade = np.array(shades, np.uint8)
    write_idx(f"MNIST/raw/{part}-images-idx3-ubyte.gz", np.broadcast_to(shade[:, None, None], (len(shades), 28, 28)))
    write_idx(f"MNIST/raw/{part}-labels-idx1-ubyte.gz", np.zeros(len(shades), np.uint8))


def test_each_colour_is_drawn_on_its_own(write_idx: WriteIdx) -> None:
    write(write_idx, "train", [10, 20])
    dataset = StackedMNIST(n=4000)
    assert dataset.spec.shape == (3, 28, 28) and dataset.spec.classes == 0
    x = dataset.tensors()["x"]
    assert x.shape == (4000, 3, 28, 28) and x.dtype == torch.uint8
    assert torch.equal(x, x[:, :, :1, :1].expand_as(x))
    codes = ((x[:, :, 0, 0] == 20) * torch.tensor([4, 2, 1])).sum(1).bincount(minlength=8)
    assert (codes - 500).abs().max() < 4 * (500 * 7 / 8) ** 0.5  # all eight alike, to four standard errors


def test_what_is_held_out_is_made_of_the_test_part(write_idx: WriteIdx) -> None:
    write(write_idx, "train", [10, 20])
    write(write_idx, "t10k", [30, 40, 50])
    held = StackedMNIST(n=400).held_out()
    assert len(held) == 100 and held.spec == StackedMNIST().spec
    assert held.tensors()["x"].unique().tolist() == [30, 40, 50]
    assert len(StackedMNIST().held_out()) == 26_000


def test_digits_need_no_files_and_are_stacked_anew() -> None:
    dataset = StackedMNIST(n=600, of="digits", size=16)
    held = dataset.held_out()
    assert dataset.spec.shape == held.spec.shape == (3, 16, 16) and dataset.sources() == []
    assert held.fingerprint() != StackedMNIST(n=150, of="digits", size=16).fingerprint()
    whole = Digits(16).tensors()["x"]
    assert all((whole == colour).flatten(1).all(1).any() for colour in dataset[5]["x"])


def test_one_too_large_for_memory_is_put_together_as_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = StackedMNIST(n=30, of="digits").tensors()["x"]
    monkeypatch.setattr(stacked_mnist, "IN_MEMORY", 30 * 3 * 64 - 1)
    streamed = StackedMNIST(n=30, of="digits")
    assert streamed.tensors() is None
    assert torch.equal(torch.stack([streamed[i]["x"] for i in range(30)]), whole)
