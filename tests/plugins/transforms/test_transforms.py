"""The numbers that each transform computes; test_conformance.py checks the promises of all of them."""

from __future__ import annotations

import pytest
import torch

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.transforms.downscale import Downscale
from ganzoo_builtins.transforms.edges import Edges
from ganzoo_builtins.transforms.mask import Mask
from ganzoo_builtins.transforms.pixels import Grey, Negative, Noise


def test_noise_has_the_deviation_asked_for() -> None:
    torch.manual_seed(0)
    x = torch.zeros(4, 1, 100, 100)
    noisy = Noise(0.1)(x)
    assert noisy.std() / 2 == pytest.approx(0.1, rel=0.02)  # as a share of 2, from black to white
    assert not torch.equal(noisy, Noise(0.1)(x))
    assert Noise(0.5)(torch.ones(1, 1, 50, 50)).max() == 1


def test_a_hole_in_the_centre_has_the_mean_of_what_surrounds_it() -> None:
    x = torch.full((2, 3, 8, 8), 0.5)
    x[1] = -0.25
    x[:, :, 2:6, 2:6] = 1
    masked = Mask(0.5)(x)
    assert (masked[0] == 0.5).all() and (masked[1] == -0.25).all()


def test_a_hole_may_be_anywhere_and_keeps_the_rest() -> None:
    torch.manual_seed(0)
    mask, x = Mask(0.25, "random"), torch.rand(2000, 1, 8, 12)
    where = mask.inside(x)
    assert (where.sum((1, 2, 3)) == 2 * 3).all()
    assert where.any(0).all()  # every pixel has its turn, those of the corners too
    torch.manual_seed(1)
    masked = mask(x)
    torch.manual_seed(1)
    where = mask.inside(x)
    assert torch.equal(masked[~where], x[~where]) and (masked != x)[where].all()


def test_a_mask_of_a_masked_picture_changes_nothing() -> None:
    torch.manual_seed(0)
    once = Mask(0.5)(torch.rand(3, 3, 16, 16))
    torch.testing.assert_close(Mask(0.5)(once), once)


def test_edges_are_white_where_black_meets_white() -> None:
    x = -torch.ones(1, 1, 6, 6)
    x[..., 3:] = 1
    edges = Edges()(x)
    assert edges[0, 0, 2].tolist() == [-1, -1, 1, 1, -1, -1]
    assert Edges().spec(Spec((3, 6, 6), classes=2)) == Spec((1, 6, 6), classes=2)


def test_edges_do_not_care_which_way_they_run() -> None:
    x = torch.rand(2, 3, 9, 9)
    torch.testing.assert_close(Edges()(x.transpose(2, 3)), Edges()(x).transpose(2, 3))
    torch.testing.assert_close(Edges()(-x), Edges()(x))


def test_downscale_takes_means_of_even_ground() -> None:
    x = torch.full((1, 3, 8, 8), 0.25)
    torch.testing.assert_close(Downscale(4)(x), torch.full((1, 3, 2, 2), 0.25))
    assert Downscale(2)(torch.rand(2, 1, 8, 12) * 2 - 1).abs().max() <= 1


def test_downscale_removes_a_pattern_too_fine_to_see() -> None:
    board = torch.ones(1, 1, 16, 16)
    board[..., ::2] = -1
    assert Downscale(4)(board).abs().max() < 0.1


def test_downscale_refuses_a_rest_and_says_what_would_do() -> None:
    with pytest.raises(IncompatibleError, match=r"cannot divide 30x30 by 4.*dataset.size=28"):
        Downscale(4).spec(Spec((1, 30, 30)))


def test_grey_weighs_colours_as_eyes_do() -> None:
    colours = torch.tensor([[1.0, 1, 1], [-1, -1, -1], [1, -1, -1]])[:, :, None, None]
    torch.testing.assert_close(Grey()(colours).flatten(), torch.tensor([1, -1, 2 * 0.299 - 1]))
    with pytest.raises(IncompatibleError, match="have none"):
        Grey().spec(Spec((1, 8, 8)))


def test_a_negative_of_a_negative_is_the_picture() -> None:
    x = torch.rand(2, 3, 4, 4)
    assert torch.equal(Negative()(Negative()(x)), x) and torch.equal(Negative()(x), -x)
