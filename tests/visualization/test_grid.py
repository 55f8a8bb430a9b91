"""Samples as pictures, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganzoo.data.loader import normalised
from ganzoo.visualization import grid, joining

PAD = grid.PAD


def picture(samples: Tensor, folder: Path, columns: int = 8) -> np.ndarray:
    with Image.open(grid.save(samples, folder / "grid.png", columns)) as opened:
        return np.asarray(opened).astype(int)


def test_every_byte_survives_the_round_trip() -> None:
    values = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(grid.to_uint8(normalised({"x": values})["x"]), values)


def test_what_lies_outside_the_range_is_clamped() -> None:
    assert grid.to_uint8(torch.tensor([-3.0, 0.0, 1.01])).tolist() == [0, 128, 255]


def test_white_is_white_black_is_black_and_padding_is_black(tmp_path: Path) -> None:
    pixels = picture(torch.stack([torch.ones(1, 3, 4), -torch.ones(1, 3, 4)]), tmp_path)
    assert pixels.shape == (3 + 2 * PAD, 2 * 4 + 3 * PAD)
    white = np.zeros_like(pixels)
    white[PAD : PAD + 3, PAD : PAD + 4] = 255
    assert (pixels == white).all()


def test_images_are_laid_out_row_by_row(tmp_path: Path) -> None:
    shades = torch.arange(5) * 50
    samples = (shades / 127.5 - 1)[:, None, None, None].expand(5, 1, 2, 2)
    pixels = picture(samples, tmp_path, columns=3)
    assert pixels.shape == (2 * 2 + 3 * PAD, 3 * 2 + 4 * PAD)
    cells = pixels[PAD :: 2 + PAD, PAD :: 2 + PAD]
    assert cells.tolist() == [[0, 50, 100], [150, 200, 0]]


def test_colours_stay_apart(tmp_path: Path) -> None:
    red = torch.tensor([1.0, -1.0, -1.0])[None, :, None, None].expand(1, 3, 2, 2)
    assert picture(red, tmp_path)[PAD, PAD].tolist() == [255, 0, 0]


def test_fewer_images_than_columns_make_a_narrower_grid(tmp_path: Path) -> None:
    assert picture(torch.zeros(2, 1, 4, 4), tmp_path, columns=8).shape == (4 + 2 * PAD, 2 * 4 + 3 * PAD)


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4, 4), (2,), (1,)], ids=str)
def test_others_are_drawn_to_the_left_in_the_same_way(shape: tuple[int, ...], tmp_path: Path) -> None:
    left, right = torch.rand(6, *shape), torch.rand(4, *shape)
    with Image.open(grid.save(right, tmp_path / "both.png", 2, left)) as opened:
        both = np.asarray(opened).astype(int)
    alone = picture(left, tmp_path, 2), picture(right, tmp_path, 2)
    height, width = alone[0].shape[:2]
    assert np.array_equal(both[:height, :width], alone[0])
    assert (both[:, width : width + joining.GAP] == 255).all()
    assert np.array_equal(both[: len(alone[1]), width + joining.GAP :], alone[1])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_is_refused(bad: float, tmp_path: Path) -> None:
    samples = torch.zeros(2, 1, 4, 4)
    samples[1, 0, 2, 2] = bad
    with pytest.raises(ValueError, match="not finite"):
        grid.save(samples, tmp_path / "grid.png")
    assert not list(tmp_path.iterdir())


def test_points_are_dark_where_they_are(tmp_path: Path) -> None:
    pixels = picture(torch.tensor([[1.0, 1.0]]).repeat(9, 1), tmp_path)
    assert pixels.shape == (grid.SIDE, grid.SIDE)
    dark = np.argwhere(pixels < 255)
    assert len(dark) == 9  # one place, three pixels wide
    row, column = dark.mean(0) / (grid.SIDE - 1)
    assert column == pytest.approx((1 / 1.1 + 1) / 2, abs=0.01)  # to the right, and the frame reaches 10 % further
    assert row == pytest.approx(1 - (1 / 1.1 + 1) / 2, abs=0.01)  # up is up
    assert pixels.min() == 0


def test_points_of_more_numbers_show_their_first_two(tmp_path: Path) -> None:
    points = torch.randn(50, 5, generator=torch.Generator().manual_seed(0))
    assert (picture(points, tmp_path) == picture(points[:, :2], tmp_path)).all()


def test_a_single_point_at_the_origin_has_a_picture(tmp_path: Path) -> None:
    assert (picture(torch.zeros(1, 2), tmp_path) < 255).sum() == 9


def test_values_are_counted_in_bars(tmp_path: Path) -> None:
    values = torch.cat([torch.zeros(30), torch.full((10,), 4.0)])[:, None]
    pixels = picture(values, tmp_path)
    assert pixels.shape == (grid.SIDE, grid.SIDE)
    heights = (pixels == 0).sum(0) / (grid.SIDE - 1)
    bar = grid.SIDE // 64
    assert heights[:bar] == pytest.approx(1.0, abs=0.01)
    assert heights[-bar:] == pytest.approx(1 / 3, abs=0.01)
    assert (heights[bar:-bar] == 0).all()
    assert (pixels[-1, :bar] == 0).all()  # bars stand on the ground


def test_values_that_are_all_alike_have_a_picture(tmp_path: Path) -> None:
    assert (picture(torch.full((5, 1), 2.0), tmp_path) == 0).any()


def test_samples_without_a_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"samples of shape \(3, 4\) have no picture"):
        grid.save(torch.zeros(2, 3, 4), tmp_path / "grid.png")


def test_the_folder_is_made(tmp_path: Path) -> None:
    assert grid.save(torch.zeros(1, 1, 2, 2), tmp_path / "a" / "b" / "grid.png").is_file()
