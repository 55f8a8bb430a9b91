"""PyTorch's settings for the whole process or thread: which of them a piece of code changed, and how they were before.

PyTorch is not imported for it: as long as nobody has imported it, its settings are as they are after the import.
"""

from __future__ import annotations

import gc
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

_DEVICES = ("cpu", "cuda")
_PARTS = ("all", "matmul", "conv", "rnn")
_PRECISIONS = [("generic", "all"), *((backend, part) for backend in ("cuda", "mkldnn") for part in _PARTS)]
_INFERENCE_MODES: list[Any] = []  # kept for good


@dataclass(frozen=True)
class Setting:
    """A setting of PyTorch.

    Attributes:
        name: What it is, in words that complete "changed".
        get: Returns its value.
        put: Sets a value that `get` returned before.
    """

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], object]


@contextmanager
def preserved() -> Iterator[list[str]]:
    """Put PyTorch's settings back after the block.

    Yields:
        A list that has the names of the settings that were changed, after the block.
    """
    changed: list[str] = []
    first = None if "torch" in sys.modules else _FirstImport()
    before = {} if first else _values()
    if first:
        sys.meta_path.insert(0, first)
    try:
        yield changed
    finally:
        if first:
            if first in sys.meta_path:
                sys.meta_path.remove(first)
            before = first.values
        changed += _put_back(before)


def _put_back(before: dict[str, Any]) -> list[str]:
    """Put settings back, and return the names of those that had changed."""
    if not before:
        return []
    changed = []
    for setting in _settings():
        if setting.get() != before[setting.name]:
            setting.put(before[setting.name])
            changed.append(setting.name)
    return changed


class _FirstImport(importlib.abc.MetaPathFinder):
    """Notes PyTorch's settings right after its import, wherever that happens."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and (loader := spec.loader):
            run = loader.exec_module

            def exec_module(module: Any) -> None:
                run(module)
                del loader.exec_module
                self.values = _values()

            loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _values() -> dict[str, Any]:
    return {setting.name: setting.get() for setting in _settings()}


def _settings() -> list[Setting]:
    """Return all settings, in the order in which they are put back."""
    import torch
    from torch.autograd import set_detect_anomaly

    return [
        Setting("the default dtype", torch.get_default_dtype, torch.set_default_dtype),
        Setting("the default device, or a mode of all functions", _get_modes, _put_modes),
        Setting("inference mode", torch.is_inference_mode_enabled, _put_inference_mode),
        Setting("the recording of gradients", torch.is_grad_enabled, torch.set_grad_enabled),
        Setting("autocast", _get_autocast, _put_autocast),
        Setting("the hooks of saved tensors", _get_saved_tensors_hooks, _put_saved_tensors_hooks),
        Setting("anomaly detection", torch.is_anomaly_enabled, set_detect_anomaly),
        Setting("the number of threads", torch.get_num_threads, torch.set_num_threads),
        Setting("the precision of float32", _get_precision, _put_precision),
        Setting("the treatment of denormal numbers", _flushes_denormals, torch.set_flush_denormal),
        Setting("deterministic algorithms", _get_determinism, _put_determinism),
        Setting("the settings of cuDNN", _get_cudnn, _put_cudnn),
    ]


def _get_modes() -> Any:
    """Return the default device, and the modes that this thread has entered, such as `with torch.device("meta")`."""
    import torch
    from torch.overrides import _get_current_function_mode_stack
    from torch.utils import _device
    from torch.utils._python_dispatch import _get_current_dispatch_mode_stack

    context = getattr(torch._GLOBAL_DEVICE_CONTEXT, "device_context", None)
    return context, _device.CURRENT_DEVICE, _get_current_function_mode_stack(), _get_current_dispatch_mode_stack()


def _put_modes(value: Any) -> None:
    import torch
    from torch import overrides
    from torch.utils import _device, _python_dispatch

    now = _get_modes()
    context, device, functions, dispatches = value
    torch._GLOBAL_DEVICE_CONTEXT.device_context = context
    _device.CURRENT_DEVICE = device
    for _ in now[2]:
        overrides._pop_mode()
    for mode in functions:
        overrides._push_mode(mode)
    for mode in reversed(now[3]):
        _python_dispatch._pop_mode(getattr(mode, "_mode_key", None))
    for mode in dispatches:
        _python_dispatch._push_mode(mode)


def _put_inference_mode(value: bool) -> None:
    """Enter the mode, and keep those that others have entered: one that is freed would bring back what was before."""
    import torch

    _INFERENCE_MODES.extend(thing for thing in gc.get_objects() if type(thing) is torch.inference_mode)
    mode = torch.inference_mode(value)
    mode.__enter__()
    _INFERENCE_MODES.append(mode)


def _get_autocast() -> Any:
    """Return what is autocast on each device, whether casts are cached, and how many autocasts are entered."""
    import torch

    nesting = torch.autocast_increment_nesting() - 1
    torch.autocast_decrement_nesting()
    devices = [(torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)) for device in _DEVICES]
    return devices, torch.is_autocast_cache_enabled(), nesting


def _put_autocast(value: Any) -> None:
    import torch

    devices, cached, nesting = value
    for device, (enabled, dtype) in zip(_DEVICES, devices, strict=True):
        torch.set_autocast_enabled(device, enabled)
        torch.set_autocast_dtype(device, dtype)
    torch.set_autocast_cache_enabled(cached)
    for _ in range(_get_autocast()[2] - nesting):
        torch.autocast_decrement_nesting()
    if nesting == 0:
        torch.clear_autocast_cache()


def _get_saved_tensors_hooks() -> Any:
    import torch

    return torch._C._autograd._top_saved_tensors_default_hooks(True)


def _put_saved_tensors_hooks(value: Any) -> None:
    import torch

    while (top := _get_saved_tensors_hooks()) and top != value:
        torch._C._autograd._pop_saved_tensors_default_hooks()


def _get_precision() -> Any:
    """Return the precision of products by PyTorch's older setting, and that of each backend."""
    import torch

    backends = [torch._C._get_fp32_precision_getter(*pair) for pair in _PRECISIONS]
    try:
        return torch.get_float32_matmul_precision(), backends
    except RuntimeError:  # the settings of the backends are others, and PyTorch does not know which to name
        return None, backends


def _put_precision(value: Any) -> None:
    import torch

    products, backends = value
    if products is not None:
        torch.set_float32_matmul_precision(products)
    for pair, precision in zip(_PRECISIONS, backends, strict=True):
        torch._C._set_fp32_precision_setter(*pair, precision)


def _flushes_denormals() -> bool:
    return float("1e-310") * float("0.5") == 0.0


def _get_determinism() -> tuple[bool, bool]:
    import torch

    return torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()


def _put_determinism(value: tuple[bool, bool]) -> None:
    import torch

    torch.use_deterministic_algorithms(value[0], warn_only=value[1])


def _get_cudnn() -> tuple[bool, bool, bool]:
    from torch.backends import cudnn

    return cudnn.enabled, cudnn.benchmark, cudnn.deterministic


def _put_cudnn(value: tuple[bool, bool, bool]) -> None:
    from torch.backends import cudnn

    enabled, benchmark, deterministic = value
    cudnn.enabled = enabled
    cudnn.benchmark = benchmark
    cudnn.deterministic = deterministic
