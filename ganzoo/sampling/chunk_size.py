"""Number of samples that are generated at once, so that any number of them takes a bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from ganzoo.utils.dispatch_mode import DispatchMode

LARGEST = 500  # samples at once, of networks that are small enough
STEP = 16  # PyTorch draws normal numbers in blocks of this size: chunks of whole blocks have the noise of larger ones
MEMORY = 2**24  # bytes that one operation may read and write; libraries take about twice as much for it
GPU_MEMORY = 2**30


class LargestOperation(DispatchMode):
    """Measures, inside the block, how many bytes the largest operation of PyTorch reads and writes, without weights.

    Args:
        networks: The networks whose weights do not count.
    """

    def __init__(self, networks: nn.Module):
        super().__init__()
        self.bytes = 0
        self._weights = {_storage(tensor) for tensor in (*networks.parameters(), *networks.buffers())}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
        sizes = {_storage(tensor): tensor.untyped_storage().nbytes() for tensor in tensors}
        self.bytes = max(self.bytes, sum(size for place, size in sizes.items() if place not in self._weights))
        return result


def measure(networks: nn.Module, generate_one: Callable[[], Tensor]) -> int:
    """Measure how many samples fit into the memory for one operation, by generating one.

    Args:
        networks: The networks that generate it.
        generate_one: Generates a single sample.

    Returns:
        Samples at once: LARGEST, or a multiple of STEP, or fewer if one operation on STEP samples is too large.
    """
    with LargestOperation(networks) as largest:
        generate_one()
    memory = GPU_MEMORY if next(networks.parameters()).device.type == "cuda" else MEMORY
    fitting: int = memory // max(1, largest.bytes)
    if fitting >= LARGEST:
        return LARGEST
    return fitting // STEP * STEP if fitting >= STEP else max(1, fitting)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
