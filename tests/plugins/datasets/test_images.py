"""Resizing and padding keep the type and the centre of images."""

import torch
from PIL import Image

from ganzoo_builtins.datasets.images import centre_crop, pad, resize, to_tensor


def test_pictures_become_three_channels() -> None:
    assert to_tensor(Image.new("RGB", (5, 4), (10, 20, 30)))[:, 3, 4].tolist() == [10, 20, 30]
    assert to_tensor(Image.new("L", (5, 4), 7)).unique().tolist() == [7]
    assert to_tensor(Image.new("L", (5, 4), 7)).shape == (3, 4, 5)


def test_resize_averages_when_it_shrinks() -> None:
    board = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).repeat(16, 16)[None, None]
    small = resize(board, 8)
    assert small.dtype == torch.uint8
    assert small.float().sub(127.5).abs().max() < 20
    assert resize(board, 32) is board


def test_many_are_resized_as_each_alone() -> None:
    x = torch.randint(256, (5000, 1, 4, 4), dtype=torch.uint8)
    assert torch.equal(resize(x, 6)[4200:4203], resize(x[4200:4203], 6))


def test_pad_and_crop_are_centred() -> None:
    one = torch.ones(1, 1, 1, 1, dtype=torch.uint8)
    assert pad(one, 3, value=5).tolist() == [[[[5, 5, 5], [5, 1, 5], [5, 5, 5]]]]
    assert centre_crop(pad(one, 5), 3, 1).tolist() == [[[[0], [1], [0]]]]
