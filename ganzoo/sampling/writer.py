"""Writes samples to a PNG grid, a text file, an .npz file, or a folder of PNGs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.sampling import tokens
from ganzoo.visualization import grid


def save(
    samples: Tensor,
    y: Tensor | None,
    target: Path,
    columns: int,
    words: Sequence[str] = (),
    inputs: Tensor | None = None,
) -> Path:
    """Write samples in the format that the suffix of `target` names.

    Args:
        samples: Samples (N, *shape).
        y: Labels (N,), or None.
        target: A .png for a grid, a .txt for token ids, an .npz for arrays, or a folder for one PNG per sample.
        columns: Columns of a grid.
        words: Text of each token id.
        inputs: Inputs (N, *shape) of a translator, which an .npz contains too.

    Returns:
        The file or folder.

    Raises:
        GanzooError: The suffix is unknown, the samples do not fit the format, or the file cannot be written.
    """
    try:
        if target.suffix == ".png":
            return grid.save(samples, target, columns)
        if target.suffix == ".txt":
            return tokens.save(samples, words, target)
        if target.suffix == ".npz":
            return _npz(samples, y, target, words, inputs)
        if not target.suffix:
            return _folder(samples, y, target)
    except OSError as error:
        raise GanzooError(f"{target}: {error.strerror}. Give another place with --out.") from error
    except ValueError as error:
        raise GanzooError(f"{target}: {error}. Write an .npz instead: --out samples.npz") from error
    raise GanzooError(
        f"{target}: end it in .png for a grid or .npz for arrays, .txt for the text of token ids, or give a folder "
        "without an ending."
    )


def columns(n: int, classes: int) -> int:
    """Return the columns of a grid of n samples: one for each class if there are several, else as for a square."""
    return classes if classes > 1 else max(1, round(n**0.5))


def _npz(samples: Tensor, y: Tensor | None, target: Path, words: Sequence[str], inputs: Tensor | None) -> Path:
    """Write an .npz file.

    `images` and `inputs` are uint8 (N, H, W, C), or unchanged when they are no images. `labels` are int64 (N,), -1
    without labels. `words` are the texts of the token ids.
    """
    labels = y if y is not None else torch.full((len(samples),), -1)
    arrays = {"images": _array(samples), "labels": labels.cpu().numpy().astype(np.int64)}
    if inputs is not None:
        arrays["inputs"] = _array(inputs)
    target.parent.mkdir(parents=True, exist_ok=True)
    if words:
        arrays["words"] = np.array(words, dtype=np.str_)
    np.savez_compressed(target, allow_pickle=False, **arrays)
    return target


def _array(samples: Tensor) -> np.ndarray:
    images = grid.to_uint8(samples).permute(0, 2, 3, 1) if samples.dim() == 4 else samples  # -> (N, H, W, C)
    return images.cpu().numpy()


def _folder(samples: Tensor, y: Tensor | None, target: Path) -> Path:
    if samples.dim() != 4 or samples.shape[1] not in (1, 3):
        raise ValueError(f"samples of shape {tuple(samples.shape[1:])} are not images")
    target.mkdir(parents=True, exist_ok=True)
    for i, image in enumerate(grid.to_uint8(samples).cpu()):
        suffix = f"-{int(y[i])}" if y is not None else ""
        grid.to_image(image).save(target / f"{i:06d}{suffix}.png")
    return target
