"""Results of each augmentation, and the ranges that it draws from; test_conformance.py checks their promises."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.augmentations import operations
from ganzoo_builtins.augmentations.diff_augment import DiffAugment, furthest_shift, hole_side
from ganzoo_builtins.augmentations.instance_noise import InstanceNoise
from ganzoo_builtins.augmentations.mirror import Mirror


def images(n: int = 3, channels: int = 3, height: int = 6, width: int = 8) -> Tensor:
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(0)).double() * 2 - 1


def test_brightness_adds_the_same_to_all_pixels_of_an_image() -> None:
    x = images()
    y = operations.brightness(x, torch.tensor([0.5, 0.0, -0.25]).double())
    torch.testing.assert_close(y - x, torch.tensor([0.5, 0.0, -0.25]).double()[:, None, None, None].expand_as(x))


def test_saturation_scales_the_distance_from_grey() -> None:
    x = torch.tensor([[0.9, 0.3, -0.3]] * 3).double()[:, :, None, None]  # (3, 3, 1, 1), of the grey value 0.3
    y = operations.saturation(x, torch.tensor([0.0, 1.0, 2.0]).double()).flatten(1)
    torch.testing.assert_close(y, torch.tensor([[0.3, 0.3, 0.3], [0.9, 0.3, -0.3], [1.5, 0.3, -0.9]]).double())
    grey = images(channels=1)
    assert torch.equal(operations.saturation(grey, torch.tensor([0.0, 0.7, 2.0]).double()), grey)


def test_contrast_scales_the_distance_from_the_mean_of_the_image() -> None:
    x = images()
    factor = torch.tensor([0.5, 1.0, 1.5]).double()
    y = operations.contrast(x, factor)
    torch.testing.assert_close(y.mean((1, 2, 3)), x.mean((1, 2, 3)))
    torch.testing.assert_close(y.std((1, 2, 3)), factor * x.std((1, 2, 3)))


def test_a_shift_moves_pixels_and_fills_what_becomes_free() -> None:
    x = torch.arange(1.0, 7).view(1, 1, 2, 3).repeat(3, 1, 1, 1)
    y = operations.translate(x, torch.tensor([1, 0, -1]), torch.tensor([0, -1, 2]), -9.0)
    assert y[:, 0].tolist() == [
        [[-9, -9, -9], [1, 2, 3]],  # down by one
        [[2, 3, -9], [5, 6, -9]],  # left by one
        [[-9, -9, 4], [-9, -9, -9]],  # up by one, right by two
    ]


def test_a_hole_is_cut_off_at_the_border() -> None:
    x = torch.ones(3, 1, 4, 4)
    y = operations.cut_out(x, torch.tensor([2, 0, 4]), torch.tensor([2, 1, 4]), 2, 2, 0.0)
    assert y[:, 0].tolist() == [
        [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]],  # rows and columns 1 and 2
        [[0, 0, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1]],  # only row 0 of rows -1 and 0
        [[1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 0]],
    ]


def test_only_the_chosen_images_are_mirrored() -> None:
    x = images(2)
    y = operations.mirror(x, torch.tensor([True, False]))
    assert torch.equal(y[0], x[0].flip(2)) and torch.equal(y[1], x[1])


def test_the_sizes_are_those_of_the_paper_s_code() -> None:
    assert [furthest_shift(side) for side in (28, 32, 64, 33)] == [4, 4, 8, 4]
    assert [hole_side(side) for side in (28, 32, 33)] == [14, 16, 17]


@pytest.mark.parametrize(("side", "kept"), [(28, 0.8476), (32, 0.8659)])
def test_the_share_of_an_image_that_shifts_keep(side: int, kept: float) -> None:
    """The mean over all shifts: 1 - E|d| / side along each side, where |d| is 20 / 9 on average for d in -4, ..., 4."""
    shifts = torch.tensor(list(itertools.product(range(-4, 5), repeat=2)))  # (81, 2)
    seen = operations.translate(torch.ones(81, 1, side, side), shifts[:, 0], shifts[:, 1], 0.0)
    assert seen.mean().item() == pytest.approx(kept, abs=1e-4) == pytest.approx((1 - 20 / 9 / side) ** 2, abs=1e-4)


def test_the_share_of_an_image_that_holes_cover() -> None:
    """The mean over all centres: less than a quarter, since holes are cut off at the borders."""
    centres = torch.tensor(list(itertools.product(range(29), repeat=2)))  # (841, 2)
    holes = operations.cut_out(torch.zeros(841, 1, 28, 28), centres[:, 0], centres[:, 1], 14, 14, 1.0)
    assert holes.mean().item() == pytest.approx(0.1858, abs=1e-4) == pytest.approx((350 / 29 / 28) ** 2, abs=1e-4)


def test_colours_are_drawn_from_their_ranges() -> None:
    """Two pixels at -1 and 1 in grey: brightness shifts both, contrast scales their distance; nothing is clamped."""
    torch.manual_seed(0)
    x = torch.tensor([-1.0, 1.0]).view(1, 1, 1, 2).expand(20_000, 1, 1, 2)
    y = DiffAugment(["color"])(x).flatten(1)
    shift, factor = y.mean(1), (y[:, 1] - y[:, 0]) / 2
    for values, low, high in ((shift, -0.5, 0.5), (factor, 0.5, 1.5)):
        assert low <= values.min() < low + 0.01 and high - 0.01 < values.max() <= high
        assert values.mean().item() == pytest.approx((low + high) / 2, abs=0.01)
        assert values.var().item() == pytest.approx(1 / 12, rel=0.05)
    assert torch.corrcoef(torch.stack([shift, factor]))[0, 1].abs() < 0.03  # independent draws
    chroma = torch.tensor([0.1, 0.0, -0.1]).view(1, 3, 1, 1).expand(20_000, 3, 1, 1)
    y = DiffAugment(["color"])(chroma).flatten(1)
    spread = (y[:, 0] - y[:, 2]) / 0.2  # the product of U(0, 2) and U(0.5, 1.5)
    assert spread.mean().item() == pytest.approx(1, abs=0.02) and 2.5 < spread.max() <= 3
    assert spread.square().mean().item() == pytest.approx(4 / 3 * 13 / 12, rel=0.03)


def test_every_shift_and_every_hole_is_drawn_equally_often() -> None:
    torch.manual_seed(0)
    n, side = 8_100, 28
    marked = torch.zeros(n, 1, side, side)
    marked[:, :, 14, 14] = 1
    at = DiffAugment(["translation"])(marked).flatten(1).argmax(1)
    places = torch.stack([at // side - 14, at % side - 14], 1)
    counts = torch.unique(places, dim=0, return_counts=True)
    assert counts[0].min() == -4 and counts[0].max() == 4 and len(counts[0]) == 81
    assert (counts[1] - 100).abs().max() < 50  # five standard deviations of 100
    cut = DiffAugment(["cutout"], fill=1)(torch.zeros(n, 1, side, side)).mean().item()
    assert cut == pytest.approx(0.1858, abs=0.003)
    sizes = DiffAugment(["cutout"], fill=1)(torch.zeros(n, 1, side, side)).sum((1, 2, 3)).unique()
    assert sizes.min() == 49 and sizes.max() == 196  # a quarter of the hole in a corner; a whole hole


def test_each_sample_has_its_own_draw() -> None:
    torch.manual_seed(0)
    x = images(1).expand(16, -1, -1, -1)
    for word in ("color", "translation", "cutout"):
        assert len(DiffAugment([word])(x).flatten(1).unique(dim=0)) > 4, word
    assert len(Mirror()(x).flatten(1).unique(dim=0)) == 2


def test_the_words_are_applied_in_their_order() -> None:
    torch.manual_seed(0)
    filled = DiffAugment(["color", "cutout"], fill=-1)(torch.zeros(64, 1, 8, 8))
    assert (filled.amin((1, 2, 3)) == -1).all()  # the hole stays at the fill
    torch.manual_seed(0)
    shaded = DiffAugment(["cutout", "color"], fill=-1)(torch.zeros(64, 1, 8, 8))
    assert (shaded.amin((1, 2, 3)) != -1).all()
    assert torch.equal(DiffAugment([])(filled), filled)


def test_half_of_the_images_are_mirrored() -> None:
    torch.manual_seed(0)
    x = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).expand(10_000, 1, 1, 2)
    assert Mirror()(x)[:, 0, 0, 0].mean().item() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("words", [["color"], ["translation"], ["cutout"], ["color", "translation", "cutout"]])
def test_the_gradient_is_that_of_finite_differences(words: list[str]) -> None:
    x = images(2).requires_grad_()

    def augmented(x: Tensor) -> Tensor:
        torch.manual_seed(3)
        return DiffAugment(words)(x)  # type: ignore[arg-type]

    assert torch.autograd.gradcheck(augmented, x)
    assert torch.autograd.gradgradcheck(augmented, x)


def test_noise_fades_with_the_moves_of_the_discriminator() -> None:
    torch.manual_seed(0)
    noise, x, seen = InstanceNoise(std=0.5, moves=4), torch.ones(1000, 10), []
    for _ in range(6):
        seen.append((noise(x) - x).std().item())
        noise.after_move()
    assert seen == pytest.approx([0.5, 0.375, 0.25, 0.125, 0, 0], rel=0.05)


def test_what_cannot_be_augmented_is_refused() -> None:
    for augmentation in (DiffAugment(), Mirror()):
        augmentation.check(Spec((1, 28, 28)))
        for spec in (Spec((2,)), Spec((12,), vocab=9)):
            with pytest.raises(IncompatibleError, match=r"leave its \[\[augmentation\]\] out"):
                augmentation.check(spec)
    InstanceNoise().check(Spec((2,)))
    with pytest.raises(IncompatibleError, match="token ids"):
        InstanceNoise().check(Spec((12,), vocab=9))
