"""Lower bound of the memory that training needs, computed on the meta device before any of it is allocated."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.procedure import Procedure
from ganzoo.training import engine
from ganzoo.training.optim import OptimizerFactory
from ganzoo.utils import ram

LARGE_BATCH = 2**25  # bytes; measuring smaller batches is not worth importing the compiler, as the meta device does


@dataclass(frozen=True)
class Need:
    """A lower bound in bytes, without the buffers of libraries and the temporary tensors of a procedure."""

    networks: int
    """Weights, gradients, states of the optimizers, averaged weights."""
    batch: int
    """Real and fake samples of one batch, and the tensors that the generator saves for its backward pass."""
    data: int
    """The whole dataset if it is held in memory; 0 for one that is streamed, as built-in ones are beyond a size."""


def compare(needed: Need, device: torch.device) -> None:
    """Check that this machine, or its GPU, has the memory that is needed.

    Args:
        needed: Lower bound of the memory of one process.
        device: Device to train on.

    Raises:
        IncompatibleError: There is too little memory.
    """
    local_processes = int(os.environ.get("LOCAL_WORLD_SIZE") or "1")  # on this machine
    if device.type == "cuda":
        _refuse(needed, 1, torch.cuda.get_device_properties(device).total_memory, "the GPU")
        needed = Need(0, 0, needed.data)  # generated in the machine's memory, then copied
    _refuse(needed, local_processes, ram.available(), "this machine")


def peak_bytes() -> int:
    """Return the peak memory of this process in bytes: of the GPU if there is one, otherwise of the machine."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def need(
    dataset: Dataset,
    procedure: Procedure,
    optimizers: OptimizerFactory,
    batch_size: int,
    precision: str = "no",
    averages: int = 0,
) -> Need:
    """Compute a lower bound of the memory that training needs.

    Args:
        dataset: The dataset; nothing is loaded.
        procedure: The procedure on the meta device.
        optimizers: Builds a player's optimizer.
        batch_size: Examples per batch.
        precision: `run.precision`: "no", or a mixed precision of half the size.
        averages: Number of averages of the weights that are kept, as with `run.ema`.

    Returns:
        The memory of one process.
    """
    spec = dataset.spec
    sample_bytes = (8 if spec.vocab else 4) * spec.size  # as float32, or as int64 ids
    data = 0
    if dataset.in_memory:
        stored_bytes = spec.size if spec.is_image else sample_bytes
        with suppress(DataError):  # the files have not been downloaded
            data = len(dataset) * (stored_bytes + (8 if spec.classes else 0) + 8)  # with its label and its index
    saved = 0
    if batch_size * sample_bytes > LARGE_BATCH:
        saved = _saved_per_sample(procedure) // (1 if precision == "no" else 2)
    return Need(_networks(procedure, optimizers, averages), batch_size * (2 * sample_bytes + saved), data)


def _networks(procedure: Procedure, optimizers: OptimizerFactory, averages: int) -> int:
    size = bytes_of(procedure.parameters()) + bytes_of(procedure.buffers())
    if averages:
        size += averages * bytes_of(p for module in procedure.averaged() for p in module.parameters())
    owned = engine.owned(procedure)
    size += bytes_of({id(p): p for parameters in owned.values() for p in parameters}.values())  # their gradients
    for player, parameters in owned.items():
        size += round(_state_per_weight(optimizers, player) * bytes_of(parameters))
    return size


def _state_per_weight(optimizers: OptimizerFactory, player: str) -> float:
    """Return how many numbers a player's optimizer stores for each weight, such as 2 for Adam, by one small step.

    It is the smallest number, if it differs between layers.
    """
    probes = [nn.Parameter(torch.zeros(32, 32, device="cpu")) for _ in range(3)]  # a first, a hidden and a last layer
    for probe in probes:
        probe.grad = torch.zeros_like(probe)
    optimizer = optimizers(player, [(f"probe.{k}", probe) for k, probe in enumerate(probes)])
    try:
        optimizer.step()
    except Exception:  # an optimizer of a plugin may need more than this; 0 is a lower bound for it
        return 0.0
    return min(_numbers(optimizer.state.get(probe, {})) / probe.numel() for probe in probes)


def _numbers(state: Mapping[str, Any]) -> int:
    """Return how many numbers the state of one parameter holds, without counters."""
    return sum(value.numel() for value in state.values() if isinstance(value, Tensor) and value.dim())


def _saved_per_sample(procedure: Procedure) -> int:
    """Return the bytes that autograd saves for each generated sample: half of what n = 4 saves more than n = 2."""
    try:
        return max(0, (_saved(procedure, 4) - _saved(procedure, 2)) // 2)
    except Exception:  # 0 is a lower bound, and check_fit() reports the error
        return 0


def _saved(procedure: Procedure, n: int) -> int:
    sizes: dict[StorageWeakRef, int] = {}

    def record(tensor: Tensor) -> Tensor:
        sizes[StorageWeakRef(tensor.untyped_storage())] = tensor.untyped_storage().nbytes()
        return tensor

    y = torch.zeros(n, dtype=torch.long, device="meta") if procedure.conditional else None
    with torch.device("meta"), saved_tensors_hooks(record, lambda tensor: tensor):
        samples = procedure.sample(n, y)  # referenced, so that no two storages have one address
    return sum(sizes.values()) if samples.requires_grad else 0


def bytes_of(tensors: Iterable[Any]) -> int:
    """Return the bytes of the tensors among these values."""
    return sum(value.numel() * value.element_size() for value in tensors if isinstance(value, Tensor))


def _refuse(needed: Need, times: int, available: int, owner: str) -> None:
    shares = {"data": needed.data, "networks": needed.networks, "one batch": needed.batch}
    if times * sum(shares.values()) <= available:
        return
    remedies = {
        "data": "a smaller dataset.n or dataset.size",
        "networks": "narrower networks, or smaller images",
        "one batch": "a smaller run.batch_size",
    }
    largest = max(shares, key=lambda name: shares[name])
    listed = ", ".join(f"{name} {_gib(times * size)}" for name, size in shares.items() if size > 2**26)
    raise IncompatibleError(
        f"this recipe needs at least {_gib(times * sum(shares.values()))} of memory, and {owner} has "
        f"{_gib(available)}: {listed}. Take {remedies[largest]}."
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"
