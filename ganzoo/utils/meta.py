"""Building networks on the meta device: shapes without memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode

from ganzoo.errors import IncompatibleError

NORMAL = {Tensor.normal_, nn.init.normal_, nn.init.kaiming_normal_}
"""Initializations that import torch's compiler when they run on the meta device, which takes seconds."""


MOST_TENSORS = 10_000  # of all networks; the largest ones in use have a few thousand
MOST_ELEMENTS = 2**50  # of all networks: 4 PiB; what is smaller is compared with the memory of the machine


@contextmanager
def meta_device() -> Iterator[None]:
    """Build modules on the meta device inside the block, without initial values, which they could not hold.

    Counts what is built: a setting may ask for a billion layers, which take time and memory even without weights.

    Yields:
        Nothing.

    Raises:
        IncompatibleError: The networks have more than MOST_TENSORS parameters, or MOST_ELEMENTS numbers in them.
    """
    size = _Size()
    with torch.device("meta"), _SkipNormal(), register_module_parameter_registration_hook(size.add):
        yield


class _Size:
    """Adds up the parameters that modules register, and refuses networks that no machine could hold."""

    def __init__(self) -> None:
        self.tensors = 0
        self.elements = 0

    def add(self, module: nn.Module, name: str, parameter: nn.Parameter | None) -> None:
        """Count a parameter; see torch.nn.modules.module.register_module_parameter_registration_hook()."""
        self.tensors += 1
        self.elements += 0 if parameter is None or is_lazy(parameter) else parameter.numel()
        if self.tensors > MOST_TENSORS or self.elements > MOST_ELEMENTS:
            raise IncompatibleError(
                f"the networks are too large: {self.elements:,} numbers in {self.tensors:,} tensors, and more. "
                "Set fewer layers, narrower ones, or fewer networks."
            )


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
