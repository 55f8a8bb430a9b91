"""Pictures of the gallery: parts of grids at the scale of 1, and real examples beside them."""

from __future__ import annotations

import pytest
import torch
from PIL import Image, ImageOps

import gallery
from ganzoo.errors import GanzooError
from ganzoo.visualization import joining
from ganzoo.visualization.grid import picture
from helpers.support import PLUGINS


def grid(columns: int = 8) -> Image.Image:
    """A grid of 64 images of 28x28, each of another grey."""
    greys = torch.linspace(-1, 1, 64)[:, None, None, None].expand(64, 1, 28, 28)
    return picture(greys, columns)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_first_columns_are_cut_at_the_scale_of_one(scale: int) -> None:
    part = gallery.first(ImageOps.scale(grid(), scale, Image.Resampling.NEAREST), 28)
    assert part.size == (152, 152)
    assert part.tobytes() == grid().crop((0, 0, 152, 152)).tobytes()


def test_of_two_grids_the_right_one_is_cut() -> None:
    black = picture(torch.full((64, 1, 28, 28), -1.0))
    part = gallery.first(joining.side_by_side(black, grid()), 28)
    assert part.tobytes() == grid().crop((0, 0, 152, 152)).tobytes()


def test_a_picture_that_is_no_grid_is_refused() -> None:
    with pytest.raises(GanzooError, match="a picture of 100 pixels is no grid of images of 28"):
        gallery.first(Image.new("L", (100, 100)), 28)


@pytest.mark.parametrize("name", ["pacgan_ring", "vaegan_mnist-rebuilt", "nobody"])
def test_points_and_other_panels_have_no_real_examples_beside_them(name: str) -> None:
    assert gallery.compose(name, PLUGINS) is None
