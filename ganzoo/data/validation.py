"""Checks of examples against the spec of their dataset.

They are made on the CPU, because a wrong label on a GPU ends the process.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import DataError
from ganzoo.interfaces import Batch, Dataset, Spec


def whole(dataset: Dataset) -> Batch | None:
    """Check a dataset in memory as a whole; of a streamed one, check the labels if they are known in advance.

    Args:
        dataset: The dataset.

    Returns:
        Its `tensors()`, or None for a streamed dataset.

    Raises:
        DataError: An example does not agree with the spec, or a number of examples with the length.
    """
    tensors, name, length = dataset.tensors(), type(dataset).__name__, len(dataset)
    checked = dict(tensors) if tensors is not None else {}
    if tensors is not None:
        check(tensors, dataset.spec, name)
    elif dataset.spec.classes and (labels := dataset.all_labels()) is not None:
        checked["y"] = labels
        _check_numbers(labels, "labels", dataset.spec.classes, name)
    for key, value in checked.items():
        if len(value) != length:
            raise DataError(f'dataset {name} has {length:,} examples, but {len(value):,} of "{key}". Mend its files.')
    return tensors


def check(batch: Batch, spec: Spec, name: str) -> None:
    """Check that a batch agrees with the spec.

    Args:
        batch: The batch.
        spec: The spec of its dataset.
        name: Name of the dataset, for error messages.

    Raises:
        DataError: A key is missing, or a tensor has a wrong type, shape or range.
    """
    for key, value in batch.items():
        if not isinstance(value, Tensor):
            raise DataError(f'dataset {name} gives "{key}" as {type(value).__name__}. Make it a torch.Tensor.')
    for key in ("x", "a", "b"):
        if key in batch:
            _check_samples(batch[key], spec.source if key == "a" else spec, name, key)
    if "x" not in batch and not {"a", "b"} <= batch.keys():
        raise DataError(
            f'dataset {name} gives {sorted(batch) or "nothing"}, but no "x". Let it give its samples as "x".'
        )
    if spec.classes and "y" not in batch:
        raise DataError(
            f'dataset {name} says it has {spec.classes} classes, and gives no labels "y". '
            "Let it give them, or say classes = 0."
        )
    if spec.classes:
        _check_numbers(batch["y"], "labels", spec.classes, name)
        if batch["y"].ndim != 1:
            raise DataError(f"dataset {name}: labels have shape {tuple(batch['y'].shape)}, expected one an example.")


def _check_samples(x: Tensor, spec: Spec, name: str, key: str) -> None:
    if tuple(x.shape[1:]) != tuple(spec.shape):
        raise DataError(
            f'dataset {name}: a sample "{key}" has shape {tuple(x.shape[1:])}, and its spec says {tuple(spec.shape)}. '
            "Bring every sample to that shape, or mend the spec."
        )
    if spec.vocab:
        _check_numbers(x, "token ids", spec.vocab, name)
    elif x.dtype == torch.float32:
        _check_floats(x, spec, name, key)
    elif x.dtype != torch.uint8:
        raise DataError(f'dataset {name}: "{key}" is {x.dtype}. Make it uint8 (0..255) or float32.')


def _check_floats(x: Tensor, spec: Spec, name: str, key: str) -> None:
    low, high = (bound.item() for bound in x.aminmax())
    if not (float("-inf") < low <= high < float("inf")):  # comparisons with NaN are False
        raise DataError(f'dataset {name}: some numbers of "{key}" are NaN or infinite. Leave those samples out.')
    if spec.is_image and (low < -1.001 or high > 1.001):
        raise DataError(
            f"dataset {name}: float images lie in [{low:g}, {high:g}], expected [-1, 1]. Scale them, or give uint8."
        )


def _check_numbers(numbers: Tensor, what: str, limit: int, name: str) -> None:
    """Check that labels or token ids are int64 in 0..limit-1."""
    if numbers.dtype != torch.int64:
        raise DataError(f"dataset {name}: {what} are {numbers.dtype}. Make them int64.")
    low, high = (int(bound) for bound in numbers.aminmax())
    if low < 0 or high >= limit:
        raise DataError(f"dataset {name}: {what} lie in {low}..{high}, expected 0..{limit - 1}. Mend its files.")
