"""model.safetensors: compared by its header with the networks it is for, before any of it is loaded."""

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
from ganzoo.sharing.config import Stored

LARGEST_HEADER = 2**22  # bytes; of each tensor it has a line
TOLD = 5  # differences that are named
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


def stored(state: Mapping[str, Tensor]) -> dict[str, Stored]:
    """What a state_dict() would be in the file. Errors: RunError for a dtype that is not shared."""
    for name, tensor in state.items():
        if tensor.dtype not in DTYPES:
            raise RunError(f"{name}: {tensor.dtype} is not shared: {', '.join(DTYPES.values())} are.")
    return {name: Stored(dtype=DTYPES[t.dtype], shape=list(t.shape)) for name, t in state.items()}


def pack(state: Mapping[str, Tensor]) -> bytes:
    """The file as bytes."""
    return safetensors.torch.save(checkpoint.separate(state), {"format": "pt"})


def check(path: Path, wanted: Mapping[str, Stored]) -> None:
    """Read the header alone. Errors: RunError when the file holds anything but these tensors, or is of another size."""
    given, size = header(path)
    if told := differences(given, wanted, "in the file"):
        raise RunError("\n".join([f"{path}: these are the tensors of other networks:", *told]))
    size += sum(BYTES[tensor.dtype] * tensor.numbers for tensor in given.values())
    if path.stat().st_size != size:
        raise RunError(f"{path}: {path.stat().st_size:,} bytes, and its header tells of {size:,}.")


def header(path: Path) -> tuple[dict[str, Stored], int]:
    """What tensors a safetensors file names, and where its numbers begin. Errors: RunError."""
    with path.open("rb") as file:
        first = file.read(8)
        length = int.from_bytes(first, "little")
        if len(first) < 8 or length > LARGEST_HEADER:
            raise RunError(f"{path}: a header of {length:,} bytes: not a safetensors file, or none of ours.")
        text = file.read(length)
    try:
        tree: Any = parser.strict_json(text)
        tree.pop("__metadata__", None)
        pairs = {name: {"dtype": one["dtype"], "shape": one["shape"]} for name, one in tree.items()}
        found = {name: Stored.model_validate(one, strict=True) for name, one in pairs.items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RunError(f"{path}: its header is not that of a safetensors file.") from error
    return found, 8 + length


def load(content: bytes, origin: str) -> dict[str, Tensor]:
    """The tensors of a file that check() found good. Errors: RunError for numbers that are not finite."""
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise RunError(f"{origin}: not a safetensors file: {error}") from error
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise RunError(f"{origin}: {name} is not finite: such networks make no samples.")
    return tensors


def differences(given: Mapping[str, Stored], wanted: Mapping[str, Stored], where: str) -> list[str]:
    """Tensors that are missing, too many, or of another dtype or shape, one line each."""
    told = []
    for name in {**wanted, **given}:
        has, wants = given.get(name), wanted.get(name)
        if has != wants:
            name = one_line(name)
            told.append(
                f"  {name}: missing"
                if has is None
                else f"  {name}: {has} {where}, which the networks have no place for"
                if wants is None
                else f"  {name}: {has} {where}, {wants} in the networks"
            )
    return told[:TOLD] + ([f"  and {len(told) - TOLD} more"] if len(told) > TOLD else [])
