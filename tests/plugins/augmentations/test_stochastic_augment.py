"""ADA's operations: what each does with p = 1, how many images they spare, and what a penalty's gradient becomes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from ganzoo import AugmentedDiscriminator, IncompatibleError, Spec
from ganzoo.registry.discovery import load
from ganzoo.testing.stand_ins import SmallDiscriminator
from ganzoo_builtins.augmentations import operations
from ganzoo_builtins.augmentations.diff_augment import DiffAugment
from ganzoo_builtins.augmentations.stochastic_augment import StochasticAugment, _rotation, _scaling, _translation
from helpers.support import compared

R1 = load().zoo.find("regularizer", "r1").load()


def images(n: int = 4, channels: int = 3, height: int = 6, width: int = 6) -> Tensor:
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(0)).double() * 2 - 1


def full(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_warps_by_whole_pixels_and_quarter_turns_only_move_pixels() -> None:
    x = images(1, height=5)
    torch.testing.assert_close(operations.warp(x, _scaling(full(1), 1.0)), x, rtol=0, atol=0)
    torch.testing.assert_close(operations.warp(x, _scaling(full(-1), 1.0)), x.flip(3))
    shifted = operations.warp(x, _translation(full(1), full(2)))  # right by one, down by two
    torch.testing.assert_close(shifted[:, :, 2:, 1:], x[:, :, :-2, :-1])
    torch.testing.assert_close(shifted[:, :, 0], shifted[:, :, 4])  # mirrored at the first row, which is now at 2
    square = images(1)
    turned = operations.warp(square, _rotation(full(math.pi / 2)))
    torch.testing.assert_close(turned, square.rot90(-1, (2, 3)))  # clockwise


def test_a_warp_between_pixels_is_bilinear() -> None:
    x = full(0, 1, 4).view(1, 1, 1, 3)
    assert operations.warp(x, _translation(full(0.25), full(0))).flatten().tolist() == [0.25, 0.75, 3.25]
    larger = operations.warp(x, _scaling(full(2), 1.0)).flatten()  # twice as wide: -> 0.5, 1, 1.5 of the old pixels
    assert larger.tolist() == [0.5, 1, 2.5]


def test_colours_are_changed_as_in_the_paper() -> None:
    x = images()
    angle = full(0, 2 * math.pi / 3, -2 * math.pi / 3, math.pi)
    turned = operations.hue(x, angle)
    torch.testing.assert_close(turned.mean(1), x.mean(1))  # along the axis nothing changes
    torch.testing.assert_close(turned[1], x[1].roll(1, 0))  # a third of a turn: red is green
    torch.testing.assert_close(turned[2], x[2].roll(-1, 0))
    torch.testing.assert_close(turned[3] + x[3], 2 * x[3].mean(0, keepdim=True).expand(3, -1, -1))
    flipped = operations.luma_flip(x, torch.tensor([True, False, True, False]))
    torch.testing.assert_close(flipped[0].mean(0), -x[0].mean(0))
    torch.testing.assert_close(flipped[0] - flipped[0].mean(0), x[0] - x[0].mean(0))
    assert torch.equal(flipped[1], x[1])
    grey = images(channels=1)
    assert torch.equal(operations.hue(grey, angle), grey)
    torch.testing.assert_close(operations.luma_flip(grey, torch.ones(4, dtype=torch.bool)), -grey)


def test_nothing_happens_with_probability_zero() -> None:
    x = images(height=7)
    words = [*StochasticAugment().policy, "noise", "cutout"]
    assert torch.equal(StochasticAugment(words, p=0)(x), x)
    assert torch.equal(StochasticAugment([], p=1)(x), x)


@pytest.mark.parametrize(("p", "spared"), [(0.1, 0.323), (0.2, 0.092)])
def test_the_share_of_images_that_are_spared(p: float, spared: float) -> None:
    """(1 - p)^9, and (1 - p / 2)^2 (1 - 3 p / 4) of the mirror, the flip of lightness and the turn."""
    torch.manual_seed(0)
    n = 2000
    x = images(1, 3, 16, 16).float().expand(n, -1, -1, -1)
    untouched = (StochasticAugment(p=p)(x) - x).abs().amax((1, 2, 3)) < 1e-5
    expected = (1 - p) ** 9 * (1 - p / 2) ** 2 * (1 - 3 * p / 4)
    assert expected == pytest.approx(spared, abs=2e-3)
    assert untouched.float().mean().item() == pytest.approx(expected, abs=4 * math.sqrt(expected / n) + 0.01 * p)


def test_each_operation_has_its_range() -> None:
    torch.manual_seed(0)
    x = torch.full((20_000, 1, 2, 2), 0.5)
    bright = StochasticAugment(["brightness"], p=1)(x)[:, 0, 0, 0] - 0.5
    assert (bright.mean().abs() < 0.006) and bright.std().item() == pytest.approx(0.2, rel=0.03)
    contrast = (StochasticAugment(["contrast"], p=1)(x)[:, 0, 0, 0] / 0.5).log2()
    assert contrast.mean().abs() < 0.015 and contrast.std().item() == pytest.approx(0.5, rel=0.03)
    noisy = StochasticAugment(["noise"], p=1)(torch.zeros(20_000, 1, 2, 2))
    assert noisy.square().mean().item() == pytest.approx(0.01, rel=0.05)  # E sigma^2 = 0.1^2
    half = StochasticAugment(["luma_flip"], p=1)(x)[:, 0, 0, 0]
    assert half.mean().abs() < 0.015
    some = StochasticAugment(["brightness"], p=0.3)(x)[:, 0, 0, 0] != 0.5
    assert some.float().mean().item() == pytest.approx(0.3, abs=0.015)


def test_points_take_noise_alone() -> None:
    points = Spec((2,))
    StochasticAugment(["noise"]).check(points)
    assert StochasticAugment(["noise"], p=1)(torch.zeros(5, 2)).std() > 0
    with pytest.raises(IncompatibleError, match=r'set policy = \["noise"\], or use instance_noise'):
        StochasticAugment().check(points)


def test_a_penalty_has_the_gradient_of_the_raw_sample() -> None:
    """D(T(x)) = <w, T(x)> has the gradient J' w at x.

    A mirror and a turn move w, and so keep its norm; contrast c = 2^n multiplies it by c, E c^2 = exp(2 (ln 2 / 2)^2),
    brightness keeps it. DiffAugment's contrast is about the mean: 13/12 of what differs from the mean of w, and its
    mean as it was.
    """
    torch.manual_seed(0)
    w, x = torch.randn(1, 16), torch.rand(20_000, 1, 4, 4)
    network = SmallDiscriminator(Spec((1, 4, 4)))
    network.forward = lambda x, y=None: (x.flatten(1) @ w.T).squeeze(1)  # type: ignore[method-assign]
    square, mean = w.square().sum().item(), w.mean().item()
    varied = 13 / 12 * (square - 16 * mean**2) + 16 * mean**2
    for augmentation, expected in (
        (StochasticAugment(["mirror", "quarter_turn", "brightness"], p=1), square),
        (StochasticAugment(["contrast"], p=1), square * math.exp(2 * (math.log(2) / 2) ** 2)),
        (DiffAugment(["color"]), varied),
    ):
        D = AugmentedDiscriminator(network, [augmentation])
        penalty = R1(weight=2).terms(compared(D, x, x))["r1"].item()
        assert penalty == pytest.approx(expected, rel=0.03), augmentation


def test_the_gradient_is_that_of_finite_differences() -> None:
    x = images(1, 1, 3, 3).requires_grad_()

    def augmented(x: Tensor) -> Tensor:
        torch.manual_seed(3)
        return StochasticAugment([*StochasticAugment().policy, "noise", "cutout"], p=0.8)(x)

    assert torch.autograd.gradcheck(augmented, x) and torch.autograd.gradgradcheck(augmented, x)


def test_it_can_be_copied_and_has_nothing_to_train() -> None:
    assert not list(StochasticAugment().parameters()) and isinstance(StochasticAugment(), nn.Module)
