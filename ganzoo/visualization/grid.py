"""Pictures of samples: a grid of images, a scatter plot, or a histogram."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganzoo.utils import atomic
from ganzoo.visualization.joining import side_by_side
from ganzoo.visualization.png import to_png

PAD = 2  # pixels between the images of a grid
SIDE = 512  # pixels of a plot


def save(samples: Tensor, path: Path, columns: int = 8, left: Tensor | None = None) -> Path:
    """Write a picture of samples to a PNG file.

    Args:
        samples: Shape (N, *shape), as for picture().
        path: The file; its folder is created if necessary.
        columns: Columns of a grid of images.
        left: Other samples (M, *shape), shown to the left in the same way.

    Returns:
        The path of the file.

    Raises:
        ValueError: Samples are not finite or have no picture, see picture().
    """
    image = picture(samples, columns)
    if left is not None:
        image = side_by_side(picture(left, columns), image)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_file(path, to_png(image))
    return path


def to_uint8(images: Tensor) -> Tensor:
    """Convert images (N, C, H, W) from [-1, 1] to uint8 0..255; the inverse of ganzoo.data.loader.normalised()."""
    return ((images + 1) * 127.5).round().clamp(0, 255).byte()


def to_image(image: Tensor) -> Image.Image:
    """Convert a uint8 tensor (C, H, W) with 1 or 3 channels to a picture."""
    pixels = image.permute(1, 2, 0).numpy()  # (C, H, W) -> (H, W, C)
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def picture(samples: Tensor, columns: int = 8) -> Image.Image:
    """Draw a picture of samples.

    Args:
        samples: Images (N, C, H, W) in [-1, 1], shown as a grid, row by row, with the first channel only unless there
            are 1 or 3; points (N, D), shown as a scatter plot of their first two numbers; or single values (N, 1),
            shown as a histogram.
        columns: Columns of a grid of images.

    Returns:
        The picture, in grey or RGB.

    Raises:
        ValueError: Samples are not finite or have no picture, such as token ids.
    """
    check(samples)
    samples = samples.detach().float().cpu()
    return _grid(samples, columns) if samples.dim() == 4 else _plot(samples)


def check(samples: Tensor) -> None:
    """Check that samples can be drawn.

    Args:
        samples: The samples.

    Raises:
        ValueError: They are token ids, or not finite.
    """
    if not samples.is_floating_point():
        raise ValueError("token ids have no picture")
    if not torch.isfinite(samples).all():
        raise ValueError("samples are not finite numbers, so there is no picture of them")


def _grid(images: Tensor, columns: int) -> Image.Image:
    columns = min(columns, len(images))
    rows = [row(part, columns) for part in images.split(columns)]
    canvas = np.concatenate([np.zeros_like(rows[0][:PAD]), *rows])
    return to_image(torch.from_numpy(canvas).permute(2, 0, 1))


def row(images: Tensor, columns: int) -> np.ndarray:
    """Draw one row of a grid, with the gap below it.

    Args:
        images: Images (N, C, H, W) in [-1, 1], N at most `columns`.
        columns: Images that the row has room for.

    Returns:
        Pixels, uint8 (H + PAD, columns * (W + PAD) + PAD, 3 or 1).
    """
    _, c, h, w = images.shape
    shown = images if c in (1, 3) else images[:, :1]
    canvas = torch.zeros(shown.shape[1], h + PAD, columns * (w + PAD) + PAD, dtype=torch.uint8)
    for i, image in enumerate(to_uint8(shown)):
        left = i * (w + PAD) + PAD
        canvas[:, :h, left : left + w] = image
    return canvas.permute(1, 2, 0).numpy()


def _plot(samples: Tensor) -> Image.Image:
    if samples.dim() != 2:
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} have no picture")
    return _histogram(samples[:, 0]) if samples.shape[1] == 1 else _scatter_plot(samples[:, :2])


def _scatter_plot(points: Tensor) -> Image.Image:
    """Return a scatter plot of points (N, 2), darker where there are more; the frame extends 10 % past the farthest."""
    reach = points.abs().max().clamp_min(1e-6) * 1.1
    cells = ((points / reach + 1) / 2 * (SIDE - 1)).round().long()  # (N, 2) in 0..SIDE-1
    counts = torch.zeros(SIDE, SIDE)
    counts.index_put_((SIDE - 1 - cells[:, 1], cells[:, 0]), torch.ones(len(cells)), accumulate=True)
    dots = torch.nn.functional.max_pool2d(counts[None], 3, 1, 1)[0]  # a point is three pixels wide
    return Image.fromarray((255 * (1 - (dots / 3).clamp(0, 1))).byte().numpy())


def _histogram(values: Tensor) -> Image.Image:
    low, high = values.min().item(), values.max().item()
    counts = torch.histc(values, bins=64, min=low, max=high if high > low else low + 1)
    heights = (counts / counts.max() * (SIDE - 1)).round().long().repeat_interleave(SIDE // 64)  # (SIDE,)
    rows = torch.arange(SIDE).flip(0)[:, None]  # (SIDE, 1)
    return Image.fromarray(((rows >= heights) * 255).byte().numpy())
