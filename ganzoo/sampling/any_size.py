"""Translation of pictures of any size, whole or in tiles, by networks of convolutions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor
from torch.nn.functional import pad

Translate = Callable[[Tensor], Tensor]
"""Inputs (N, C, H, W), whose sides are multiples of a number -> outputs (N, C', H * scale, W * scale)."""


def translate(
    run: Translate, a: Tensor, multiple: int, scale: Fraction, tile: int | None = None, overlap: int = 32
) -> Tensor:
    """Translate pictures of any size.

    Args:
        run: The translation.
        a: Inputs (N, C, H, W).
        multiple: Their sides are extended to a multiple of this, and outputs cut off.
        scale: Side of an output divided by that of its input.
        tile: Translate squares of this side, one after the other, for bounded memory; None for whole pictures.
        overlap: Pixels of the neighbours that each tile sees on every side, and that its output is cut by. The result
            is that of the whole picture if no output depends on inputs that are further away.

    Returns:
        Outputs (N, C', H * scale, W * scale), rounded down.
    """
    height, width = a.shape[2:]
    if tile is None or max(height, width) <= tile:
        return _padded(run, a, multiple, scale)
    tile = max(multiple, tile // multiple * multiple)
    overlap = -(-overlap // multiple) * multiple
    rows = []
    for top in range(0, height, tile):
        row = []
        for left in range(0, width, tile):
            above, before = max(0, top - overlap), max(0, left - overlap)
            seen = a[..., above : top + tile + overlap, before : left + tile + overlap]
            output = _padded(run, seen, multiple, scale)
            y, x = int((top - above) * scale), int((left - before) * scale)
            side = int(tile * scale)
            row.append(output[..., y : y + side, x : x + side])
        rows.append(torch.cat(row, dim=3))
    return torch.cat(rows, dim=2)


def _padded(run: Translate, a: Tensor, multiple: int, scale: Fraction) -> Tensor:
    """Extend inputs to the right and below, by reflection where they are large enough, and cut the outputs."""
    height, width = a.shape[2:]
    below, right = -height % multiple, -width % multiple
    mode = "reflect" if below < height and right < width else "replicate"
    output = run(pad(a, (0, right, 0, below), mode=mode) if below or right else a)
    return output[..., : int(height * scale), : int(width * scale)]
