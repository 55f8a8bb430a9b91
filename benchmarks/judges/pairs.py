"""Judge of image translation: PSNR and SSIM of the output, compared with those of the input.

Uses the test split of the data if there is one, otherwise the training data. A smaller input is enlarged by bicubic
interpolation first. The input is not measured when its number of channels differs.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate

import ganzoo
from ganzoo import Blueprint
from ganzoo.config import instantiate
from ganzoo.registry import discovery

SAMPLES = 1000
WINDOW, SIGMA = 11, 1.5  # of SSIM (Wang et al. 2004)


def judge(run: ganzoo.Run) -> str:
    """Report PSNR and SSIM over 1,000 examples drawn with seed 0."""
    model, held = held_out(run)
    a, b = model.pairs(SAMPLES, seed=0)
    output = model.translate(a, seed=0)
    figure = f"PSNR {psnr(output, b):.2f} dB, SSIM {ssim(output, b):.3f}, mean error {(output - b).abs().mean():.3f}"
    data = f"{SAMPLES:,} {'images of the test split' if held else 'of the images trained on'}"
    if (baseline := enlarged(a, b)) is None:
        return f"{figure} ({data})"
    return f"{figure}; the input's own {psnr(baseline, b):.2f} dB, {ssim(baseline, b):.3f} ({data})"


def held_out(run: ganzoo.Run) -> tuple[ganzoo.Model, bool]:
    """Return the model of a run, and True when its pairs now come from a test split."""
    plugins = discovery.load()
    model = ganzoo.load(run, plugins)
    assert model.recipe
    whole = model.recipe.dataset
    for setting in ({"train": False}, {"split": "test"}):
        held = Blueprint(whole.entry, {**whole.settings, **setting})
        if not held.problems():
            model.data = partial(instantiate.dataset_from, held, model.recipe.run.seed)
            return model, True
    return model, False


def enlarged(a: Tensor, b: Tensor) -> Tensor | None:
    """Return the inputs `a` enlarged to the size of `b` (N, C, H, W), or None when their channels differ."""
    if a.shape[1] != b.shape[1]:
        return None
    return a if a.shape == b.shape else interpolate(a, b.shape[2:], mode="bicubic").clamp(-1, 1)


def psnr(images: Tensor, truth: Tensor) -> float:
    """Return the mean peak signal-to-noise ratio in dB of images (N, C, H, W) in [-1, 1]."""
    error = (images - truth).square().flatten(1).mean(1).clamp_min(1e-10)  # (N,)
    # The peak is 2, from black (-1) to white (1).
    return (10 * torch.log10(4 / error)).mean().item()


def ssim(images: Tensor, truth: Tensor) -> float:
    """Return the structural similarity (Wang et al. 2004), 1 for equal images, over windows inside the image."""
    x, y = ((part.double() + 1) / 2 for part in (images, truth))
    place = torch.arange(WINDOW, dtype=torch.double) - WINDOW // 2
    weights = (-(place**2) / (2 * SIGMA**2)).exp()
    kernel = (weights[:, None] * weights / weights.sum() ** 2).expand(x.shape[1], 1, WINDOW, WINDOW)

    def mean(values: Tensor) -> Tensor:
        return conv2d(values, kernel, groups=values.shape[1])

    mx, my = mean(x), mean(y)
    vx, vy, both = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return ((2 * mx * my + c1) * (2 * both + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean().item()
