"""What is put into the hole of a picture: PSNR there, beside what one colour would give."""

from __future__ import annotations

import ganzoo
from judges.pairs import SAMPLES, held_out, psnr


def judge(run: ganzoo.Run) -> str:
    """Of 1,000 examples, drawn with seed 0. The best colour is the mean of what is hidden, which nobody could know."""
    model, held = held_out(run)
    a, b = model.pairs(SAMPLES, seed=0)
    made = model.translate(a, seed=0)
    top, left = ((a != b).any(1).any(0).any(axis).nonzero() for axis in (1, 0))  # rows and columns that differ
    rows, columns = slice(int(top[0]), int(top[-1]) + 1), slice(int(left[0]), int(left[-1]) + 1)
    given, drawn, truth = (images[..., rows, columns] for images in (a, made, b))
    best = truth.mean((2, 3), keepdim=True).expand_as(truth)
    seen = f"{SAMPLES:,} {'images of the test split' if held else 'of the images trained on'}"
    return (
        f"PSNR in the hole {psnr(drawn, truth):.2f} dB; mean colour around it {psnr(given, truth):.2f} dB, "
        f"best single colour {psnr(best, truth):.2f} dB ({seen})"
    )
