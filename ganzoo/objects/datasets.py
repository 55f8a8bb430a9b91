"""Datasets from a tensor or array, from any `torch.utils.data.Dataset`, or from a class or function that builds one."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import IterableDataset, TensorDataset

from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.objects.factory import Factory, converting, describe_object

EXPECTED = "a sample x, a pair (x, label), or a dictionary with x and perhaps y"
CHANNELS = (1, 3)


class ArrayDataset(Dataset):
    """Samples from a tensor or array in memory.

    Args:
        x: Images (N, C, H, W), (N, H, W) or (N, H, W, C), as uint8 or as floats in [-1, 1]; floats (N, F) or (N,); or
            token ids, integers (N, T).
        y: Labels, integers (N,) from 0; None without labels.
        class_names: Names of the classes, if they are known.

    Raises:
        DataError: They are none of these.
    """

    in_memory = True

    def __init__(self, x: Any, y: Any = None, class_names: Sequence[str] = ()):
        samples = batch_of_samples(as_tensor(x, "the samples"))
        self.content: Batch = {"x": samples}
        classes = 0
        if y is not None:
            self.content["y"] = as_labels(as_tensor(y, "the labels"), len(samples))
            classes = max(int(self.content["y"].max()) + 1, len(class_names))
        vocab = int(samples.max()) + 1 if samples.dtype == torch.int64 else 0
        self.spec = Spec(tuple(samples.shape[1:]), classes, vocab)
        self.class_names = [*map(str, class_names)] if len(class_names) == classes else ()

    def __len__(self) -> int:
        return len(self.content["x"])

    def __getitem__(self, i: int) -> Batch:
        return {key: value[i] for key, value in self.content.items()}

    def tensors(self) -> Batch:
        return self.content


class ItemDataset(Dataset):
    """Samples of a `torch.utils.data.Dataset` whose items are read one at a time.

    The number of classes is that of its `classes` or `targets`, which datasets of torchvision have; otherwise all
    labels are read once.

    Args:
        items: The dataset, or any other sequence; its items are samples, pairs of a sample and a label, or
            dictionaries.
    """

    def __init__(self, items: Any):
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, i: int) -> Batch:
        return example_of(self.items[i], i)

    @functools.cached_property
    def spec(self) -> Spec:  # type: ignore[override]
        """Spec of the first item, with the number of classes."""
        if not len(self):
            raise DataError("the dataset given in Python is empty: there is nothing to train on.")
        first = self[0]
        x = first["x"]
        if x.dtype == torch.int64:
            raise DataError(
                f"the first item of the dataset given in Python has integers of type {x.dtype}: give images as uint8 "
                "or as floats in [-1, 1], and token ids as one tensor (N, T)."
            )
        return Spec(tuple(x.shape), self._classes() if "y" in first else 0)

    @functools.cached_property
    def class_names(self) -> Sequence[str]:  # type: ignore[override]
        """The attribute `classes` of the dataset."""
        names = getattr(self.items, "classes", ())
        return [*map(str, names)] if isinstance(names, (list, tuple)) and self.spec.classes == len(names) else ()

    def all_labels(self) -> Tensor | None:
        if "y" not in self[0]:
            return None
        told = getattr(self.items, "targets", None)
        if told is not None and len(told) == len(self):
            return as_labels(as_tensor(told, "the labels"), len(self))
        return self._labels

    @functools.cached_property
    def _labels(self) -> Tensor:
        return as_labels(torch.stack([self[i]["y"] for i in range(len(self))]), len(self))

    def _classes(self) -> int:
        names = getattr(self.items, "classes", ())
        if isinstance(names, (list, tuple)) and names:
            return len(names)
        labels = self.all_labels()
        return 0 if labels is None else int(labels.max()) + 1


def target(given: Any) -> Factory:
    """Return what builds a dataset from an object that was given in Python.

    Args:
        given: A tensor or array, a pair of samples and labels, a dataset of torch or ganzoo, or a class or function
            that returns one of these.

    Returns:
        A class or function without arguments but the settings of `given`.

    Raises:
        IncompatibleError: It is none of these.
        DataError: Its samples or labels cannot be used.
    """
    if inspect.isclass(given) or inspect.isfunction(given):
        return given if inspect.isclass(given) and issubclass(given, Dataset) else converting(given, as_dataset)
    dataset = as_dataset(given)  # the same one each time: data are not copied
    return lambda: dataset


def as_dataset(given: Any) -> Dataset:
    """Return an object as a dataset; see target().

    Args:
        given: The object.

    Returns:
        The dataset.

    Raises:
        IncompatibleError: It is no data.
        DataError: Its samples or labels cannot be used.
    """
    if isinstance(given, Dataset):
        return given
    if isinstance(given, (Tensor, np.ndarray)):
        return ArrayDataset(given)
    if isinstance(given, tuple) and len(given) == 2 and all(isinstance(one, (Tensor, np.ndarray)) for one in given):
        return ArrayDataset(*given)
    if isinstance(given, TensorDataset) and len(given.tensors) <= 2:
        return ArrayDataset(given.tensors[0], given.tensors[1] if len(given.tensors) == 2 else None)
    if isinstance(given, torch.utils.data.DataLoader):
        raise IncompatibleError(
            "dataset is a DataLoader: give its dataset, loader.dataset. ganzoo makes the batches, of run.batch_size."
        )
    if isinstance(given, IterableDataset) or not (hasattr(given, "__len__") and hasattr(given, "__getitem__")):
        raise IncompatibleError(
            f"dataset is a {describe_object(given)}, whose items have no numbers: give a tensor or array, a pair "
            "(x, y) of them, or a torch.utils.data.Dataset with __len__ and __getitem__."
        )
    return ItemDataset(given)


def example_of(item: Any, i: int) -> Batch:
    """Return an item of a dataset as an example of ganzoo.

    Args:
        item: A sample, a pair of a sample and a label, or a dictionary with "x" and perhaps "y".
        i: Its number, for messages.

    Returns:
        The sample "x", and its label "y" if there is one.

    Raises:
        DataError: It is none of these.
    """
    where = f"item {i} of the dataset given in Python"
    if isinstance(item, Mapping) and "x" in item:
        x, label = item["x"], item.get("y")
    elif isinstance(item, (tuple, list)) and len(item) in (1, 2):
        x, label = item[0], item[1] if len(item) == 2 else None
    elif isinstance(item, (Tensor, np.ndarray, Image.Image)):
        x, label = item, None
    else:
        raise DataError(f"{where} is a {type(item).__name__}{_content(item)}: let it be {EXPECTED}.")
    sample = batch_of_samples(as_tensor(x, where)[None], where)[0]
    if label is None:
        return {"x": sample}
    return {"x": sample, "y": as_labels(as_tensor(label, f"the label of {where}").reshape(1), 1)[0]}


def _content(item: Any) -> str:
    """Return what an item holds, for messages; "" where that says nothing."""
    if isinstance(item, Mapping):
        return f" with {', '.join(map(str, item))}"
    return f" of {len(item)}" if isinstance(item, (tuple, list)) else ""


def as_tensor(given: Any, what: str) -> Tensor:
    """Return numbers as a tensor on the CPU, without gradients.

    Args:
        given: A tensor, an array, a picture of Pillow, a number, or a list of numbers.
        what: What it is, for messages.

    Returns:
        The tensor, which shares the memory of an array.

    Raises:
        DataError: It holds no numbers.
    """
    if isinstance(given, Tensor):
        return given.detach().cpu()
    if isinstance(given, Image.Image):
        given = np.array(given if given.mode in ("L", "RGB") else given.convert("RGB"))
    array = np.asarray(given)
    if array.dtype.kind not in "biuf":
        raise DataError(
            f"{what}: {type(given).__name__} of {array.dtype}, and not of numbers. Give a tensor or an array."
        )
    if array.dtype in (np.uint16, np.uint32, np.uint64):
        array = array.astype(np.int64)
    return torch.from_numpy(np.ascontiguousarray(array) if array.flags.writeable else array.copy())


def batch_of_samples(x: Tensor, what: str = "the samples") -> Tensor:
    """Bring samples to the shape and type that ganzoo trains on; their range is checked when training begins.

    Args:
        x: Samples, as for ArrayDataset.
        what: What they are, for messages.

    Returns:
        Images (N, C, H, W), floats (N, F), or token ids (N, T).

    Raises:
        DataError: They have another shape or type.
    """
    shape = tuple(x.shape)
    if not x.numel():
        raise DataError(f"{what} have shape {tuple(x.shape)}: there is nothing to train on.")
    if x.dtype.is_floating_point:
        x = x.float()
    if x.dim() == 1 and x.dtype == torch.float32:
        return x[:, None]  # (N,) -> (N, 1)
    if x.dim() == 2 and x.dtype in (torch.float32, torch.uint8):
        _check_no_pixels(x, what)
        return x
    if x.dim() == 2 and x.dtype in (torch.int64, torch.int32, torch.int16):
        return x.long()
    if x.dim() == 3:
        x = x[:, None]  # (N, H, W) -> (N, 1, H, W)
    if x.dim() == 4 and x.shape[1] not in CHANNELS and x.shape[3] in CHANNELS:
        x = x.permute(0, 3, 1, 2).contiguous()  # (N, H, W, C) -> (N, C, H, W)
    if x.dim() != 4 or x.dtype not in (torch.float32, torch.uint8):
        raise DataError(
            f"{what} have shape {shape} and type {str(x.dtype).removeprefix('torch.')}. Give images "
            "(N, C, H, W), (N, H, W) or (N, H, W, C) as uint8 or as floats in [-1, 1], floats (N, F), or token ids "
            "(N, T)."
        )
    return x


def _check_no_pixels(x: Tensor, what: str) -> None:
    """Refuse bytes (N, F), which are flat pixels."""
    if x.dtype == torch.uint8:
        raise DataError(
            f"{what} are uint8 of shape {tuple(x.shape)}: if these are flat images, reshape them to (N, H, W), or make "
            "them floats."
        )


def as_labels(y: Tensor, n: int) -> Tensor:
    """Return labels as int64 (N,).

    Args:
        y: The labels.
        n: Number of samples.

    Returns:
        The labels.

    Raises:
        DataError: They are no whole numbers from 0, one for each sample.
    """
    if y.dim() == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if tuple(y.shape) != (n,) or y.dtype.is_floating_point or y.dtype == torch.bool or int(y.min()) < 0:
        kind = str(y.dtype).removeprefix("torch.")
        remedy = " If they are one-hot, y.argmax(1)." if y.dim() == 2 and len(y) == n else ""
        raise DataError(
            f"labels of {n:,} samples have shape {tuple(y.shape)} and type {kind}: give a whole number from 0 for "
            f"each.{remedy}"
        )
    return y.long()
