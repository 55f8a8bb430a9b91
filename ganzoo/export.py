"""Samples to a file a person or a program can use: a PNG grid, an .npz, or a folder of PNGs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo import grid
from ganzoo.errors import GanzooError


def save(samples: Tensor, y: Tensor | None, target: Path, columns: int) -> Path:
    """Samples (N, *shape) and labels (N,) to `target`, by its ending. Errors: GanzooError."""
    try:
        if target.suffix == ".png":
            return grid.save(samples, target, columns)
        if target.suffix == ".npz":
            return _npz(samples, y, target)
        if not target.suffix:
            return _folder(samples, y, target)
    except OSError as error:
        raise GanzooError(f"{target}: {error.strerror}. Give another place with --out.") from error
    except ValueError as error:
        raise GanzooError(f"{target}: {error}. Write an .npz instead: --out samples.npz") from error
    raise GanzooError(f"{target}: end it in .png for a grid or .npz for arrays, or give a folder without an ending.")


def columns(n: int, classes: int) -> int:
    """A column for each class in turn, else a square grid."""
    return classes or max(1, round(n**0.5))


def _npz(samples: Tensor, y: Tensor | None, target: Path) -> Path:
    """images: uint8 (N, H, W, C), or the floats themselves where they are none; labels: int64 (N,), -1 for none."""
    labels = y if y is not None else torch.full((len(samples),), -1)
    images = (
        grid.to_uint8(samples).permute(0, 2, 3, 1) if samples.dim() == 4 else samples
    )  # (N, C, H, W) -> (N, H, W, C)
    target.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(target, images=images.cpu().numpy(), labels=labels.cpu().numpy().astype(np.int64))
    return target


def _folder(samples: Tensor, y: Tensor | None, target: Path) -> Path:
    if samples.dim() != 4 or samples.shape[1] not in (1, 3):
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} are no pictures")
    target.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(grid.to_uint8(samples).cpu()):
        suffix = f"-{int(y[i])}" if y is not None else ""
        grid.to_image(image).save(target / f"{i:06d}{suffix}.png")
    return target
