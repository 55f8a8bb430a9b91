"""Pictures of the dataset `folder` of any size, depth and number of channels, with their exact numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganzoo.errors import DataError, GanzooError
from ganzoo_builtins.datasets.folder import Folder

H, W = 4, 6
RNG = np.random.default_rng(0)


def only(path: Path, **settings: Any) -> Tensor:
    """The single picture of a folder, (C, H, W)."""
    dataset = Folder(str(path), **{"size": (H, W), **settings})
    assert len(dataset) == 1
    x = dataset[0]["x"]
    assert x.shape == dataset.spec.shape
    whole = dataset.tensors()
    assert whole is not None and torch.equal(whole["x"][0], x)
    return x


def numbers(x: Tensor, white: int = 65535) -> np.ndarray:
    """Undo the scaling to [-1, 1], (C, H, W) -> (H, W, C)."""
    assert x.dtype == torch.float32
    return ((x.double() + 1) / 2 * white).round().permute(1, 2, 0).numpy()


def test_pictures_of_any_height_and_width(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (only(tmp_path).permute(1, 2, 0).numpy() == pixels).all()
    assert only(tmp_path, fit="resize", size=(8, 2)).shape == (3, 8, 2)
    padded = only(tmp_path, fit="pad", size=(H + 4, W), background="black")
    assert (padded[:, 2:-2].permute(1, 2, 0).numpy() == pixels).all() and padded[:, :2].max() == 0
    cropped = only(tmp_path, fit="crop", size=(H, 2))
    assert (cropped.permute(1, 2, 0).numpy() == pixels[:, 2:4]).all()


def test_sixteen_bits_of_grey_png(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65536, (H, W), dtype=np.uint16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (numbers(only(tmp_path, channels=1, depth="full"))[:, :, 0] == pixels).all()
    assert (numbers(only(tmp_path, channels=3, depth="full")) == pixels[:, :, None]).all()
    eight = only(tmp_path, channels=1)  # the default stays what a viewer shows
    assert eight.dtype == torch.uint8 and (eight[0].numpy() == (pixels.astype(int) * 255 + 32767) // 65535).all()


@pytest.mark.parametrize("bands", [3, 4])
def test_sixteen_bits_of_colour_png(bands: int, tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65536, (H, W, bands), dtype=np.uint16)
    write_png16(tmp_path / "a.png", pixels)
    assert (numbers(only(tmp_path, channels=bands, depth="full")) == pixels).all()
    assert only(tmp_path, channels=bands).dtype == torch.uint8


def write_png16(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG of 16 bits by imagecodecs, because Pillow has no colours of 16 bits."""
    imagecodecs = pytest.importorskip("imagecodecs")
    path.write_bytes(imagecodecs.png_encode(pixels))


@pytest.mark.parametrize(
    ("pixels", "options", "channels"),
    [
        (RNG.integers(0, 65536, (H, W), dtype=np.uint16), {}, 1),
        (RNG.integers(0, 65536, (H, W, 3), dtype=np.uint16), {"compression": "lzw", "photometric": "rgb"}, 3),
        (RNG.integers(0, 65536, (H, W, 4), dtype=np.uint16), {"photometric": "rgb", "extrasamples": ["unassalpha"]}, 4),
        (RNG.integers(0, 65536, (H, W, 2), dtype=np.uint16), {"photometric": "minisblack"}, 2),
        (RNG.integers(0, 65536, (H, W, 7), dtype=np.uint16), {"photometric": "minisblack"}, 7),
    ],
)
def test_bands_of_tiff(pixels: np.ndarray, options: Any, channels: int, tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    if pixels.ndim == 3:
        options = {"planarconfig": "contig", **options}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
    expected = pixels.reshape(H, W, -1)
    assert (numbers(only(tmp_path, channels=channels, depth="full")) == expected).all()
    eight = only(tmp_path, channels=channels)
    if channels not in (1, 3):
        assert (eight.permute(1, 2, 0).numpy() == np.rint(expected / 257)).all()


def test_planes_and_pages_of_tiff_are_bands(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    pixels = RNG.integers(0, 65536, (5, H, W), dtype=np.uint16)
    for options in ({"photometric": "minisblack", "planarconfig": "separate"}, {"photometric": "minisblack"}):
        tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
        assert (numbers(only(tmp_path, channels=5, depth="full")).transpose(2, 0, 1) == pixels).all()
    with pytest.raises(DataError, match="it has 1 band: set channels = 1, or leave it out"):
        only(tmp_path, channels=7, depth="full")


def test_floats_of_tiff_without_loss(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    pixels = RNG.random((H, W), dtype=np.float32)
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    x = only(tmp_path, channels=1, depth="full")
    assert torch.equal(x[0], 2 * torch.from_numpy(pixels) - 1)
    tifffile.imwrite(tmp_path / "a.tif", 1000 * pixels - 200)
    with pytest.raises(DataError, match=r"numbers lie in -1.*: set min_value=-1.* and max_value="):
        only(tmp_path, channels=1, depth="full")
    x = only(tmp_path, channels=1, depth="full", min_value=-200, max_value=800)
    assert torch.allclose(x[0], 2 * torch.from_numpy(pixels) - 1, atol=1e-6)
    with pytest.raises(DataError, match='floating-point numbers; set depth = "full"'):
        only(tmp_path, channels=1)
    tifffile.imwrite(tmp_path / "a.tif", np.full((H, W), np.nan, np.float32))
    with pytest.raises(DataError, match="NaN or infinite"):
        only(tmp_path, channels=1, depth="full")


def test_eight_bits_of_full_depth_are_the_same_numbers(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (H, W, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (numbers(only(tmp_path, depth="full"), 255) == pixels).all()
    grey = numbers(only(tmp_path, channels=1, depth="full"), 255)[:, :, 0]
    viewed = only(tmp_path, channels=1)[0].numpy()
    assert np.abs(grey - viewed).max() <= 1
    assert torch.equal(only(tmp_path, depth="full").mul(255).add(255).div(2).round().byte(), only(tmp_path))


def test_transparency_is_a_channel_or_shows_the_background(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (H, W, 4), dtype=np.uint8)
    pixels[0, :, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (only(tmp_path, channels=4).permute(1, 2, 0).numpy() == pixels).all()
    shown = only(tmp_path, depth="full", background=(51, 0, 255))
    assert shown[:, 0].unique(dim=1).flatten().tolist() == pytest.approx([-0.6, -1, 1])
    assert (numbers(only(tmp_path, channels=2, depth="full"), 255)[:, :, 1] == pixels[:, :, 3]).all()


def test_pictures_without_transparency_are_opaque_in_four_channels(tmp_path: Path) -> None:
    Image.new("RGB", (W, H), (1, 2, 3)).save(tmp_path / "a.png")
    assert only(tmp_path, channels=4).flatten(1).unique(dim=1).flatten().tolist() == [1, 2, 3, 255]
    assert only(tmp_path, channels=2).flatten(1).unique(dim=1).flatten().tolist() == [2, 255]
    with pytest.raises(DataError, match="it has 3 bands: set channels = 3"):
        only(tmp_path, channels=5)


def test_masks_of_few_values_are_scaled_by_max_value(tmp_path: Path) -> None:
    mask = RNG.integers(0, 2, (H, W), dtype=np.uint8)
    Image.fromarray(mask).save(tmp_path / "a.png")
    assert (only(tmp_path, channels=1, depth="full", max_value=1)[0].numpy() == 2.0 * mask - 1).all()


def test_orientation_is_that_of_exif_at_any_depth(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 256, (W, H, 3), dtype=np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    assert (numbers(only(tmp_path, depth="full"), 255) == np.rot90(pixels, -1)).all()
    assert (only(tmp_path).permute(1, 2, 0).numpy() == np.rot90(pixels, -1)).all()


def test_a_profile_that_full_depth_does_not_use_is_remarked(tmp_path: Path) -> None:
    profile = Path(__file__).parent  # any bytes count as a profile
    Image.new("RGB", (W, H)).save(tmp_path / "a.png", icc_profile=str(profile).encode())
    dataset = Folder(str(tmp_path), depth="full")
    dataset.tensors()
    assert any("1 of 1 picture has a colour profile, which is not used" in remark for remark in dataset.remarks())


def test_too_many_pixels_are_refused_from_the_header_at_full_depth(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((1001, 1000), np.uint8), compression="zlib")
    with pytest.raises(DataError, match="1000 x 1001 pixels are more than max_megapixels allows"):
        only(tmp_path, depth="full", max_megapixels=1)
    (tmp_path / "a.tif").unlink()
    Image.new("L", (1000, 1001)).save(tmp_path / "b.png")
    with pytest.raises(DataError, match="1000 x 1001 pixels are more than max_megapixels allows"):
        only(tmp_path, depth="full", max_megapixels=1)


def test_settings_without_a_meaning_are_refused() -> None:
    with pytest.raises(GanzooError, match='min_value is used with depth = "full" alone'):
        Folder("photos", min_value=1)
    with pytest.raises(GanzooError, match="max_value=1 is white, and should be above the black"):
        Folder("photos", depth="full", min_value=2, max_value=1)
