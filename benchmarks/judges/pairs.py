"""What a translator makes of inputs, beside the truth: PSNR and SSIM, next to those of the input itself.

Of data that has a test split, the test split is used; of others, what was trained on. An input of fewer pixels is
enlarged by bicubic interpolation first; one of another number of channels is left out.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

import ganzoo
from ganzoo import Blueprint
from ganzoo.registry import discovery

SAMPLES = 1000
WINDOW, SIGMA = 11, 1.5  # of SSIM (Wang et al. 2004)


def judge(run: ganzoo.Run) -> str:
    """Of 1,000 examples, drawn with seed 0."""
    model, held = held_out(run)
    a, b = model.pairs(SAMPLES, seed=0)
    made = model.translate(a, seed=0)
    figure = f"PSNR {psnr(made, b):.2f} dB, SSIM {ssim(made, b):.3f}, mean error {(made - b).abs().mean():.3f}"
    seen = f"{SAMPLES:,} {'images of the test split' if held else 'of the images trained on'}"
    if (given := enlarged(a, b)) is None:
        return f"{figure} ({seen})"
    return f"{figure}; the input's own {psnr(given, b):.2f} dB, {ssim(given, b):.3f} ({seen})"


def held_out(run: ganzoo.Run) -> tuple[ganzoo.Model, bool]:
    """The model of a run, whose pairs come from the test split where there is one."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    assert model.recipe
    whole = model.recipe.dataset
    for other in ({"train": False}, {"split": "test"}):
        held = Blueprint(whole.entry, {**whole.settings, **other})
        if not held.problems():
            model.recipe = replace(model.recipe, dataset=held)
            return model, True
    return model, False


def enlarged(a: Tensor, b: Tensor) -> Tensor | None:
    """Inputs as images of the truth's shape (N, C, H, W)."""
    if a.shape[1] != b.shape[1]:
        return None
    return a if a.shape == b.shape else interpolate(a, b.shape[2:], mode="bicubic").clamp(-1, 1)


def psnr(images: Tensor, truth: Tensor) -> float:
    """Images (N, C, H, W) in [-1, 1] -> peak signal to noise in dB, of each image, on average."""
    error = (images - truth).square().flatten(1).mean(1).clamp_min(1e-10)  # (N,); black and white are 2 apart
    return (10 * torch.log10(4 / error)).mean().item()


def ssim(images: Tensor, truth: Tensor) -> float:
    """Structural similarity (Wang et al. 2004): 1 for equal images; windows that lie inside of the image."""
    x, y = ((one.double() + 1) / 2 for one in (images, truth))
    place = torch.arange(WINDOW, dtype=torch.double) - WINDOW // 2
    weights = (-(place**2) / (2 * SIGMA**2)).exp()
    kernel = (weights[:, None] * weights / weights.sum() ** 2).expand(x.shape[1], 1, WINDOW, WINDOW)

    def mean(values: Tensor) -> Tensor:
        return conv2d(values, kernel, groups=values.shape[1])

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean().item()
