"""Arrays of an .npz file as samples, labels and words; an error says how to convert what is none of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganzoo import DataError

GAPS = 10  # numbers for each one that occurs, at most
FEW = 100  # classes that may have gaps of any size: a part of a data set lacks some of them
MOST_CLASSES = 100_000
MOST_CHANNELS = 16
FLAT_SIDE = 8  # pixels along the smallest image whose numbers are taken for an image
EXPECTED = (
    "expected images, uint8 (N, H, W), (N, H, W, C) or (N, C, H, W) with C 1 or 3, or features, float32 (N, F), or "
    "token ids, integers (N, T)"
)
WITH_TEXTS = 'If they are token ids, save their texts, too, as "words".'
RENUMBER = "number them from 0, e.g. numpy.unique({name}, return_inverse=True)[1]"


def channel_axis(shape: tuple[int, ...]) -> int | None:
    """Return which axis of images (N, ., ., .) has the channels: 3 or 1, or None where the shape does not tell.

    It is one of length 1 or 3, or else one of at most MOST_CHANNELS that is shorter than both others; the last first.
    """
    for axis in (3, 1):
        if shape[axis] in (1, 3):
            return axis
    for axis in (3, 1):
        others = [side for k, side in enumerate(shape) if k not in (0, axis)]
        if shape[axis] <= MOST_CHANNELS and shape[axis] < min(others):
            return axis
    return None


def samples(array: np.ndarray, name: str, path: Path, has_words: bool) -> Tensor:
    """Convert samples to uint8 (N, C, H, W), float32 (N, F) or int64 (N, T).

    Args:
        array: The array.
        name: Its name in the file.
        path: The file, for messages.
        has_words: True when the file has the texts of token ids, so that integers of any type are token ids.

    Returns:
        The samples.

    Raises:
        DataError: They are none of these; the message says how to convert them.
    """
    if not array.size:
        raise DataError(f"{path} holds no samples: its array has shape {array.shape}. Save at least one.")
    if array.dtype == np.float32 and array.ndim == 2:
        if not np.isfinite(array).all():
            raise DataError(f"{path}: some of its numbers are NaN or infinite. Remove those samples.")
        return torch.from_numpy(array)
    if array.dtype == np.uint8 and array.ndim == 3:
        return torch.from_numpy(array)[:, None]  # (N, H, W) -> (N, 1, H, W)
    if array.dtype == np.uint8 and array.ndim == 4 and array.shape[3] in (1, 3):
        return torch.from_numpy(array).permute(0, 3, 1, 2).contiguous()  # (N, H, W, C) -> (N, C, H, W)
    if array.dtype == np.uint8 and array.ndim == 4 and array.shape[1] in (1, 3):
        return torch.from_numpy(array)
    if array.dtype.kind in "iu" and array.ndim == 2 and (has_words or array.dtype != np.uint8):
        if not has_words and _look_flat(array):
            raise DataError(
                f"{path}: integers {array.shape} from {array.min()} to {array.max()} look like flat images. "
                f"{_flat_remedy(array, name)} {WITH_TEXTS}"
            )
        return _ids(array, name, path)
    raise DataError(f"{path}: {EXPECTED}; got {array.dtype} {array.shape}. {_remedy(array, name)}")


def labels(array: np.ndarray | None, name: str, n: int, path: Path) -> Tensor | None:
    """Convert labels to int64 (N,).

    Args:
        array: The array, or None.
        name: Its name in the file.
        n: Number of samples.
        path: The file, for messages.

    Returns:
        The labels, or None when there are none, or when all of them are -1.

    Raises:
        DataError: They are no class numbers from 0, one for each sample, or most numbers do not occur; the message
            says how to convert them.
    """
    if array is None or (array.dtype.kind == "i" and array.size and (array == -1).all()):
        return None
    if array.dtype.kind not in "iu" or array.shape != (n,):
        raise DataError(
            f"{path}: expected integer labels ({n},), one per sample; got {array.dtype} {array.shape}. "
            f"{_label_remedy(array, name, n)}"
        )
    if array.min() < 0:
        remedy = RENUMBER.format(name=name)
        raise DataError(
            f"{path}: some labels are negative, the smallest {array.min()}. Leave those samples out, or {remedy}."
        )
    check_numbers(array, name, f"{path}: labels", FEW)
    if (classes := int(array.max()) + 1) > MOST_CLASSES:
        raise DataError(
            f"{path}: labels of {classes:,} classes, more than {MOST_CLASSES:,}. Are they the numbers of single "
            "samples? Leave them out, or save the classes of the samples."
        )
    return torch.from_numpy(array.astype(np.int64))


def words(array: np.ndarray | None, x: Tensor, path: Path) -> tuple[str, ...]:
    """Return the text of each token id, or an empty tuple when the file does not have it.

    Args:
        array: The array, or None.
        x: The samples.
        path: The file, for messages.

    Returns:
        The texts.

    Raises:
        DataError: They are no texts, or too few.
    """
    if array is None or x.dtype != torch.int64:
        return ()
    if array.dtype.kind != "U" or array.ndim != 1 or len(array) <= x.max():
        raise DataError(
            f'{path}: expected texts as "words", one for each id up to {x.max()}; got {array.dtype} {array.shape}.'
        )
    return tuple(array.tolist())


def check_numbers(array: np.ndarray, name: str, subject: str, few: int) -> None:
    """Check that most of the numbers from 0 to the largest occur: everything that is built has the largest's size.

    Args:
        array: Numbers from 0, of any integer type.
        name: Name of the array, for the remedy.
        subject: The file and what its numbers are, for the message.
        few: Numbers of which any share may be missing.

    Raises:
        DataError: Only a few occur.
    """
    largest = int(array.max())
    if largest < few:
        return
    distinct = len(np.unique(array))
    if largest >= GAPS * distinct:
        raise DataError(f"{subject} go up to {largest:,} but only {distinct:,} differ: {RENUMBER.format(name=name)}.")


def _ids(array: np.ndarray, name: str, path: Path) -> Tensor:
    """Convert token ids to int64 (N, T)."""
    if array.min() < 0:
        raise DataError(f"{path}: token ids lie in {array.min()}..{array.max()}. Number them from 0.")
    check_numbers(array, name, f"{path}: token ids", MOST_CLASSES)
    return torch.from_numpy(array.astype(np.int64))


def _remedy(array: np.ndarray, name: str) -> str:
    """Return how to convert an array that cannot be read as samples."""
    kind, shape = array.dtype.kind, array.shape
    if kind not in "biuf":
        return "Save numbers: pictures as uint8 arrays, such as numpy.asarray(picture) of a Pillow image."
    if array.ndim == 4 and array.dtype == np.uint8:
        return _channel_remedy(shape, name)
    if array.ndim in (3, 4) and array.min() == array.max() and not 0 <= array.min() <= 255:
        return f"All of its values are {array.min()}: save the pictures themselves."
    if array.ndim in (3, 4):
        lossless = "" if array.dtype.kind == "b" else ' Or set use = "npy", which reads them without loss.'
        return f"Convert the pixels: {_pixels(array, name)}.{lossless}"
    if array.ndim == 2 and kind in "bu":
        ids = WITH_TEXTS if _look_flat(array) else f"If they are token ids, convert them: {name}.astype(numpy.int64)."
        return f"{_flat_remedy(array, name)} {ids}"
    if array.ndim == 2:
        return f"Convert them: {name}.astype(numpy.float32)."
    if array.ndim == 1:
        return f"One number for each sample is a feature: {name}[:, None].astype(numpy.float32)."
    if array.ndim == 0:
        return "It is a single number: save an array of samples."
    frame = ", ".join(map(str, shape[-3:]))
    return f"Take one axis for the samples: {name}.reshape(-1, {frame}), where these are the axes of an image."


def _channel_remedy(shape: tuple[int, ...], name: str) -> str:
    """Return how to leave out channels, most likely the transparency of images."""
    for axis, index in ((3, "[..., {}]"), (1, "[:, {}]")):
        if shape[axis] in (2, 4):
            return f"Leave the transparency out: {name}{index.format(f':{shape[axis] - 1}')}."
    return f"Keep one or three of the channels, such as {name}[..., :3], or {name}[:, :3] where they come first."


def _pixels(array: np.ndarray, name: str) -> str:
    """Return the expression that converts pixels to uint8, by the range that they have."""
    if array.dtype.kind == "b":
        return f"{name}.astype(numpy.uint8) * 255"
    low, high = float(array.min()), float(array.max())
    if array.dtype.kind == "f" and 0 <= low <= high <= 1.001:
        return f"({name} * 255).round().astype(numpy.uint8)"
    if array.dtype.kind == "f" and -1.001 <= low <= high <= 1.001:
        return f"(({name} + 1) * 127.5).round().astype(numpy.uint8)"
    if 0 <= low <= high <= 255:
        return f"{name}.astype(numpy.uint8)"
    if not math.isfinite(low + high):
        return f"numpy.nan_to_num({name}), scaled to 0..255, .astype(numpy.uint8)"
    base = name if low == 0 else f"({name} - {name}.min())"
    return f"({base} / {high - low:g} * 255).round().astype(numpy.uint8)"


def _look_flat(array: np.ndarray) -> bool:
    """Tell whether integers (N, F) have the range of pixels, and the shape of flat square images or of a single one."""
    n, width = array.shape
    in_range = bool(array.min() >= 0 and array.max() <= 255)
    return in_range and (_sides(width) is not None or n == width >= FLAT_SIDE)


def _sides(width: int) -> tuple[int, ...] | None:
    """Return the shape of the square image, grey or in colour, that has this many numbers; None for no image."""
    for channels in (1, 3):
        side = math.isqrt(width // channels)
        if side >= FLAT_SIDE and channels * side * side == width:
            return (side, side) if channels == 1 else (channels, side, side)
    return None


def _flat_remedy(array: np.ndarray, name: str) -> str:
    """Return how to bring flat pixels (N, F), or one single picture (H, W), to the shape of images."""
    n, width = array.shape
    pixels = name if array.dtype == np.uint8 else f"{name}.astype(numpy.uint8)"
    pixels = f"({pixels} * 255)" if array.dtype.kind == "b" else pixels
    sides = _sides(width)
    if sides is None:
        return f"If they are flat images, reshape them to (N, H, W). If it is a single image, {pixels}[None]."
    flat = f"If they are flat images, reshape them: {pixels}.reshape(-1, {', '.join(map(str, sides))})."
    return f"{flat} If it is a single image, {pixels}[None]." if n == width else flat


def _label_remedy(array: np.ndarray, name: str, n: int) -> str:
    """Return how to convert an array that cannot be read as labels."""
    if array.dtype.kind in "biuf" and array.ndim == 2 and array.shape[0] == n and array.shape[1] > 1:
        return f"If they are one-hot, {name}.argmax(1); if they are several labels of each sample, keep one of them."
    if array.dtype.kind in "biuf" and array.ndim == 2 and array.shape[1] == n and array.shape[0] > 1:
        return f"If they are one-hot, a row for each class, {name}.argmax(0)."
    if array.ndim > 1 and array.squeeze().shape == (n,):
        return f"Leave out the axes of length 1: {name}.squeeze()."
    if array.shape != (n,):
        return "Save as many labels as samples, in the same order."
    if array.dtype.kind == "b" or (array.dtype.kind == "f" and _are_whole(array)):
        return f"Convert them: {name}.astype(numpy.int64)."
    return f"Number the classes from 0, e.g. numpy.unique({name}, return_inverse=True)[1]."


def _are_whole(array: np.ndarray) -> bool:
    """Tell whether all floats are whole numbers that int64 can hold."""
    with np.errstate(over="ignore"):  # of long doubles
        numbers = array.astype(np.float64)
    return bool((np.abs(numbers) < 2.0**63).all()) and np.array_equal(numbers, numbers.round())
