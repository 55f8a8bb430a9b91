"""Pictures become uint8 tensors: transparency, 16 bits, rotation, size."""

import numpy as np
import torch
from ganzoo_builtins.datasets.images import centre_crop, pad, resize, to_uint8
from PIL import Image


def test_modes_and_channels():
    assert to_uint8(Image.new("RGB", (5, 4), (10, 20, 30)), 3)[:, 0, 0].tolist() == [10, 20, 30]
    assert to_uint8(Image.new("L", (5, 4), 7), 3).shape == (3, 4, 5)
    assert to_uint8(Image.new("CMYK", (5, 4)), 1).unique().tolist() == [255]


def test_transparency_is_laid_on_white():
    assert to_uint8(Image.new("RGBA", (1, 1), (1, 2, 3, 0)), 3).flatten().tolist() == [255, 255, 255]
    assert to_uint8(Image.new("LA", (1, 1), (0, 128)), 1).item() == 127


def test_sixteen_bits_are_scaled():
    image = Image.fromarray(np.array([[0, 257 * 7, 65535]], np.uint16))
    assert to_uint8(image, 1).flatten().tolist() == [0, 7, 255]


def test_turned_by_its_exif_tag(tmp_path):
    image = Image.new("L", (2, 1))
    image.putpixel((1, 0), 255)
    exif = image.getexif()
    exif[0x0112] = 6  # to be turned clockwise
    image.save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as turned:
        assert to_uint8(turned, 1).tolist() == [[[0], [255]]]


def test_resize_averages_when_it_shrinks():
    board = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).repeat(16, 16)[None, None]
    small = resize(board, 8)
    assert small.dtype == torch.uint8
    assert small.float().sub(127.5).abs().max() < 20
    assert resize(board, 32) is board


def test_pad_and_crop_are_centred():
    one = torch.ones(1, 1, 1, 1, dtype=torch.uint8)
    assert pad(one, 3, value=5).tolist() == [[[[5, 5, 5], [5, 1, 5], [5, 5, 5]]]]
    assert centre_crop(pad(one, 5), 3, 1).tolist() == [[[[0], [1], [0]]]]
