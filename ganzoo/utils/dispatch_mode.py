"""Base class of dispatch modes that do not import PyTorch's compiler."""

from __future__ import annotations

import sys
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode


class DispatchMode(TorchDispatchMode):
    """A TorchDispatchMode whose first call does not import torch._dynamo, which takes seconds and 60 MB of memory.

    PyTorch marks the methods of modes as not to be compiled, and imports the compiler to do so. Where it was not
    imported, nothing is being compiled.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def __enter__(self) -> Any:
        _mark(type(self).__torch_dispatch__)
        return super().__enter__()  # type: ignore[no-untyped-call]


def _mark(method: Any) -> None:
    """Let a marked method be called as it is, until the compiler is imported; other versions of torch mark none."""
    if not hasattr(method, "__wrapped__"):
        return
    plain: Any = method.__wrapped__
    if "torch._dynamo" not in sys.modules:
        plain.__dynamo_disable = plain
    elif vars(plain).get("__dynamo_disable") is plain:
        del plain.__dynamo_disable
