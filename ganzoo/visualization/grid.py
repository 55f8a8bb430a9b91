"""Samples as a picture: a grid of images, a cloud of points, or a histogram."""

from __future__ import annotations

import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from ganzoo.utils import atomic

PAD = 2  # pixels between the images of a grid
SIDE = 512  # pixels of a plot
GAP = 8  # pixels between two pictures


def save(samples: Tensor, path: Path, columns: int = 8, left: Tensor | None = None) -> Path:
    """Write samples (N, *shape) as PNG: images in [-1, 1] as a grid, row by row; points as a plot of their first
    two numbers; single values as a histogram.

    left: others (N, *shape) that are drawn in the same way to the left of them.
    Errors: ValueError for samples that are not finite or have no picture, such as token ids.
    """
    drawn = picture(samples, columns)
    if left is not None:
        drawn = beside(picture(left, columns), drawn)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_file(path, to_png(drawn))
    return path


def to_png(picture: Image.Image) -> bytes:
    packed = io.BytesIO()
    picture.save(packed, "PNG")
    return packed.getvalue()


def to_uint8(images: Tensor) -> Tensor:
    """(N, C, H, W) in [-1, 1] -> uint8 0..255 of the same shape; the inverse of ganzoo.data.loader.normalised()."""
    return ((images + 1) * 127.5).round().clamp(0, 255).byte()


def to_image(image: Tensor) -> Image.Image:
    """uint8 (C, H, W) with 1 or 3 channels -> a picture."""
    pixels = image.permute(1, 2, 0).numpy()  # (C, H, W) -> (H, W, C)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def picture(samples: Tensor, columns: int = 8) -> Image.Image:
    """What save() writes. Errors: ValueError, as there."""
    if not samples.is_floating_point():
        raise ValueError("token ids have no picture")
    if not torch.isfinite(samples).all():
        raise ValueError("samples are not finite numbers, so there is no picture of them")
    samples = samples.detach().float().cpu()
    return _grid(samples, columns) if samples.dim() == 4 else _plot(samples)


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures as one, with a gap between them."""
    both = Image.new(right.mode, (left.width + GAP + right.width, max(left.height, right.height)), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + GAP, 0))
    return both


def _grid(images: Tensor, columns: int) -> Image.Image:
    n, c, h, w = images.shape
    columns = min(columns, n)
    rows = -(-n // columns)
    canvas = torch.zeros(c, rows * (h + PAD) + PAD, columns * (w + PAD) + PAD, dtype=torch.uint8)
    for i, image in enumerate(to_uint8(images)):
        top, left = (i // columns) * (h + PAD) + PAD, (i % columns) * (w + PAD) + PAD
        canvas[:, top : top + h, left : left + w] = image
    return to_image(canvas if c in (1, 3) else canvas[:1])


def _plot(samples: Tensor) -> Image.Image:
    if samples.dim() != 2:
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} have no picture")
    return _histogram(samples[:, 0]) if samples.shape[1] == 1 else _cloud(samples[:, :2])


def _cloud(points: Tensor) -> Image.Image:
    """(N, 2) -> dark where there are many points; the frame reaches 10 % beyond the farthest."""
    reach = points.abs().max().clamp_min(1e-6) * 1.1
    cells = ((points / reach + 1) / 2 * (SIDE - 1)).round().long()  # (N, 2) in 0..SIDE-1
    counts = torch.zeros(SIDE, SIDE)
    counts.index_put_((SIDE - 1 - cells[:, 1], cells[:, 0]), torch.ones(len(cells)), accumulate=True)
    dots = torch.nn.functional.max_pool2d(counts[None], 3, 1, 1)[0]  # one point is three pixels wide
    return Image.fromarray((255 * (1 - (dots / 3).clamp(0, 1))).byte().numpy())


def _histogram(values: Tensor) -> Image.Image:
    low, high = values.min().item(), values.max().item()
    counts = torch.histc(values, bins=64, min=low, max=high if high > low else low + 1)
    heights = (counts / counts.max() * (SIDE - 1)).round().long().repeat_interleave(SIDE // 64)  # (SIDE,)
    rows = torch.arange(SIDE).flip(0)[:, None]  # (SIDE, 1)
    return Image.fromarray(((rows >= heights) * 255).byte().numpy())
