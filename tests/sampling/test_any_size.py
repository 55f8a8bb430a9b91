"""Pictures of any size: sides that are no multiple, and tiles that give what the whole picture gives."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, interpolate

from ganzoo.sampling.any_size import translate

KERNEL = torch.arange(1.0, 26.0).view(1, 1, 5, 5) / 325


def blurred(a: Tensor) -> Tensor:
    """Each output depends on inputs up to two pixels away; beyond the border there are zeros."""
    return conv2d(a, KERNEL, padding=2)


def halved(a: Tensor) -> Tensor:
    assert a.shape[2] % 4 == a.shape[3] % 4 == 0
    return avg_pool2d(blurred(a), 2)


def doubled(a: Tensor) -> Tensor:
    return interpolate(blurred(a), scale_factor=2.0)


@pytest.mark.parametrize(("run", "scale"), [(blurred, 1), (halved, Fraction(1, 2)), (doubled, 2)])
@pytest.mark.parametrize("tile", [8, 12, 16])
def test_tiles_give_the_whole_picture(run: object, scale: Fraction, tile: int) -> None:
    a = torch.rand(2, 1, 40, 28, generator=torch.Generator().manual_seed(0))
    whole = run(a)  # type: ignore[operator]
    tiled = translate(run, a, 4, Fraction(scale), tile, overlap=4)  # type: ignore[arg-type]
    torch.testing.assert_close(tiled, whole)


def test_no_more_than_a_tile_and_its_surroundings_is_seen_at_once() -> None:
    seen = []

    def watched(a: Tensor) -> Tensor:
        seen.append(tuple(a.shape[2:]))
        return a

    a = torch.rand(1, 1, 30, 50)
    assert torch.equal(translate(watched, a, 4, Fraction(1), tile=16, overlap=3), a)
    assert len(seen) == 2 * 4 and max(seen) == (20, 24)  # of 30 rows, 2 tiles; the overlap is rounded up to 4
    assert all(side % 4 == 0 for shape in seen for side in shape)


@pytest.mark.parametrize("shape", [(9, 10), (1, 3), (8, 8)])
def test_other_sides_are_extended_and_cut_off_again(shape: tuple[int, int]) -> None:
    a = torch.rand(1, 3, *shape)
    assert torch.equal(translate(lambda x: x, a, 8, Fraction(1)), a)
    assert translate(lambda x: interpolate(x, scale_factor=4.0), a, 8, Fraction(4)).shape[2:] == (
        4 * shape[0],
        4 * shape[1],
    )


def test_sides_are_extended_by_reflection() -> None:
    inputs = []
    translate(lambda x: inputs.append(x) or x, torch.arange(6.0).view(1, 1, 1, 6).expand(1, 1, 6, 6), 4, Fraction(1))
    assert inputs[0][0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5, 4, 3]
