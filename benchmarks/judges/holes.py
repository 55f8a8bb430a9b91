"""Judge of inpainting: PSNR inside the hole, compared with a single colour."""

from __future__ import annotations

import ganzoo
from judges.pairs import SAMPLES, held_out, psnr


def judge(run: ganzoo.Run) -> str:
    """Report PSNR over 1,000 examples drawn with seed 0.

    The best single colour is the mean of the hidden pixels, which no method can know.

    Args:
        run: A finished run of image pairs.

    Returns:
        The figures as text.
    """
    model, held = held_out(run)
    a, b = model.pairs(SAMPLES, seed=0)
    translated = model.translate(a, seed=0)
    top, left = ((a != b).any(1).any(0).any(axis).nonzero() for axis in (1, 0))  # rows and columns that differ
    rows, columns = slice(int(top[0]), int(top[-1]) + 1), slice(int(left[0]), int(left[-1]) + 1)
    masked, filled, truth = (images[..., rows, columns] for images in (a, translated, b))
    best = truth.mean((2, 3), keepdim=True).expand_as(truth)
    data = f"{SAMPLES:,} {'images of the test split' if held else 'of the images trained on'}"
    return (
        f"PSNR in the hole {psnr(filled, truth):.2f} dB; mean colour around it {psnr(masked, truth):.2f} dB, "
        f"best single colour {psnr(best, truth):.2f} dB ({data})"
    )
