"""Building networks on the meta device: shapes without memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

NORMAL = {Tensor.normal_, nn.init.normal_, nn.init.kaiming_normal_}
"""Initializations that import torch's compiler when they run on the meta device, which takes seconds."""


@contextmanager
def meta_device() -> Iterator[None]:
    """Build modules on the meta device inside the block, without initial values, which they could not hold."""
    with torch.device("meta"), _SkipNormal():
        yield


class _SkipNormal(TorchFunctionMode):
    """Leaves tensors on the meta device as they are when they should be filled with normal random numbers."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = {**(kwargs or {})}
        tensor = args[0] if args else given.get("tensor")
        if func in NORMAL and isinstance(tensor, Tensor) and tensor.is_meta:
            return tensor
        return func(*args, **given)
