"""model.safetensors: its header is compared with the networks it is for before any tensor is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from ganzoo.config import parser
from ganzoo.errors import RunError, one_line
from ganzoo.runs import checkpoint
from ganzoo.sharing.config import TensorInfo

MAX_HEADER_BYTES = 2**22  # the header has one entry per tensor
MAX_DIFFERENCES = 5  # listed in a message
DTYPES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.int32: "I32",
    torch.int16: "I16",
    torch.int8: "I8",
    torch.uint8: "U8",
    torch.bool: "BOOL",
}
BYTES = {name: dtype.itemsize for dtype, name in DTYPES.items()}


def describe(state: Mapping[str, Tensor]) -> dict[str, TensorInfo]:
    """Return the type and shape of each tensor of a state_dict().

    Args:
        state: Tensors by name.

    Returns:
        Their descriptions, in the same order.

    Raises:
        RunError: A tensor has a dtype that cannot be shared.
    """
    for name, tensor in state.items():
        if tensor.dtype not in DTYPES:
            raise RunError(f"{name}: {tensor.dtype} cannot be shared; these can: {', '.join(DTYPES.values())}.")
    return {name: TensorInfo(dtype=DTYPES[t.dtype], shape=list(t.shape)) for name, t in state.items()}


def pack(state: Mapping[str, Tensor]) -> bytes:
    """Return the tensors as the content of a safetensors file."""
    return safetensors.torch.save(checkpoint.separate(state), {"format": "pt"})


def check(path: Path, expected: Mapping[str, TensorInfo]) -> None:
    """Check the header of a safetensors file without reading its tensors.

    Args:
        path: The file.
        expected: The tensors that it has to hold.

    Raises:
        RunError: The file holds anything but these tensors, or its size is not what the header says.
    """
    tensors, size = read_header(path)
    if differences := list_differences(tensors, expected, "in the file"):
        raise RunError("\n".join([f"{path}: its tensors belong to other networks:", *differences]))
    size += sum(BYTES[tensor.dtype] * tensor.numel for tensor in tensors.values())
    if path.stat().st_size != size:
        raise RunError(f"{path}: {path.stat().st_size:,} bytes, but its header says {size:,}.")


def read_header(path: Path) -> tuple[dict[str, TensorInfo], int]:
    """Read the header of a safetensors file.

    Args:
        path: The file.

    Returns:
        The tensors that it describes, and the offset in bytes at which their data begins.

    Raises:
        RunError: The header is too large or malformed.
    """
    with path.open("rb") as file:
        prefix = file.read(8)
        length = int.from_bytes(prefix, "little")
        if len(prefix) < 8 or length > MAX_HEADER_BYTES:
            raise RunError(f"{path}: a header of {length:,} bytes: not a safetensors file that ganzoo wrote.")
        header = file.read(length)
    try:
        tree: Any = parser.strict_json(header)
        tree.pop("__metadata__", None)
        entries = {name: {"dtype": entry["dtype"], "shape": entry["shape"]} for name, entry in tree.items()}
        tensors = {name: TensorInfo.model_validate(entry, strict=True) for name, entry in entries.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: its header is not that of a safetensors file.") from error
    return tensors, 8 + length


def load(content: bytes, origin: str) -> dict[str, Tensor]:
    """Load the tensors of a file that check() accepted.

    Args:
        content: Content of the file.
        origin: Name of the file, for messages.

    Returns:
        Tensors by name.

    Raises:
        RunError: A tensor has values that are not finite.
    """
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise RunError(f"{origin}: not a safetensors file: {error}") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise RunError(f"{origin}: {name} is not finite: the networks cannot make samples.")
    return tensors


def list_differences(actual: Mapping[str, TensorInfo], expected: Mapping[str, TensorInfo], source: str) -> list[str]:
    """List the tensors that are missing, unexpected, or of another dtype or shape.

    Args:
        actual: Tensors of the export.
        expected: Tensors of the networks.
        source: Where the tensors of the export are described, such as "in the file".

    Returns:
        One indented line for each; at most MAX_DIFFERENCES and a count of the rest.
    """
    lines = []
    for name in {**expected, **actual}:
        ours, theirs = expected.get(name), actual.get(name)
        if theirs != ours:
            if theirs is None:
                difference = "missing"
            elif ours is None:
                difference = f"{theirs} {source}, not in the networks"
            else:
                difference = f"{theirs} {source}, {ours} in the networks"
            lines.append(f"  {one_line(name)}: {difference}")
    rest = len(lines) - MAX_DIFFERENCES
    return lines[:MAX_DIFFERENCES] + ([f"  and {rest} more"] if rest > 0 else [])
