"""How much memory a recipe needs at least, told from the meta device, before a byte of it is taken."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.multiprocessing.reductions import StorageWeakRef

from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.procedure import Procedure
from ganzoo.training import engine
from ganzoo.training.optim import OptimizerFactory

WORTH_A_LOOK = 2**25  # bytes of one batch; smaller ones are not worth the compiler that the meta device imports
CGROUP = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Need:
    """Bytes. A lower bound: what a library keeps for itself, or a procedure in passing, is not in it."""

    networks: int
    """Weights, gradients, what the optimizers remember, averaged weights."""
    batch: int
    """Real and fake samples of one batch, and what the generator keeps for its backward pass."""
    data: int
    """The whole dataset, where it is kept in memory; the built-in ones that are not are streamed beyond a size."""


def compare(needed: Need, device: torch.device) -> None:
    """Check that this machine, or its GPU, has the memory that is needed.

    Args:
        needed: Lower bound of the memory of one process.
        device: Device to train on.

    Raises:
        IncompatibleError: When it has less.
    """
    here = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))  # processes on this machine
    if device.type == "cuda":
        _refuse(needed, 1, torch.cuda.get_device_properties(device).total_memory, "the GPU")
        needed = Need(0, 0, needed.data)  # drawn in the machine's memory, then copied
    _refuse(needed, here, machine(), "this machine")


def machine() -> int:
    """Bytes of memory that this process may have: the machine's, or fewer in a container."""
    total: int = psutil.virtual_memory().total
    try:
        return min(total, int(CGROUP.read_text()))
    except (OSError, ValueError):  # no cgroups here, or no limit: "max"
        return total


def need(
    dataset: Dataset,
    procedure: Procedure,
    optimizers: OptimizerFactory,
    batch_size: int,
    precision: str = "no",
    averaged: bool = False,
) -> Need:
    """Return a lower bound of the memory that training needs.

    Args:
        dataset: The dataset; nothing is loaded.
        procedure: The procedure on the meta device.
        optimizers: Builds a player's optimizer.
        batch_size: Examples per batch.
        precision: `run.precision`: "no", or a mixed precision of half the size.
        averaged: Whether an average of the weights is kept, as with `run.ema`.
    """
    spec = dataset.spec
    sample_bytes = (8 if spec.vocab else 4) * spec.size  # as float32, or as int64 ids
    data = 0
    if dataset.in_memory:
        stored_bytes = spec.size if spec.is_image else sample_bytes
        with suppress(DataError):  # the files are not there yet
            data = len(dataset) * (stored_bytes + (8 if spec.classes else 0) + 8)  # with its label and its index
    saved = 0
    if batch_size * sample_bytes > WORTH_A_LOOK:
        saved = _saved_per_sample(procedure) // (1 if precision == "no" else 2)
    return Need(_networks(procedure, optimizers, averaged), batch_size * (2 * sample_bytes + saved), data)


def _networks(procedure: Procedure, optimizers: OptimizerFactory, averaged: bool) -> int:
    size = _bytes(procedure.parameters()) + _bytes(procedure.buffers())
    if averaged:
        size += _bytes(p for module in procedure.averaged() for p in module.parameters())
    owned = engine.owned(procedure)
    size += _bytes({id(p): p for parameters in owned.values() for p in parameters}.values())  # their gradients
    for player, parameters in owned.items():
        size += round(_state_per_weight(optimizers, player) * _bytes(parameters))
    return size


def _state_per_weight(optimizers: OptimizerFactory, player: str) -> float:
    """Return the numbers that a player's optimizer stores per weight, 2 for Adam, by one step of a small one."""
    probe = nn.Parameter(torch.zeros(32, 32, device="cpu"))
    probe.grad = torch.zeros_like(probe)
    optimizer = optimizers(player, [probe])
    try:
        optimizer.step()
    except Exception:  # a plugin's optimizer may need more than this; training works all the same
        return 0.0
    state = [value for values in optimizer.state.values() for value in values.values() if isinstance(value, Tensor)]
    return sum(value.numel() for value in state if value.dim()) / probe.numel()


def _saved_per_sample(procedure: Procedure) -> int:
    """Bytes that autograd keeps for each sample when the generator makes a batch: what n = 4 keeps beyond n = 2."""
    try:
        return max(0, (_saved(procedure, 4) - _saved(procedure, 2)) // 2)
    except Exception:  # no lower bound is lost; check_fit() tells what is wrong
        return 0


def _saved(procedure: Procedure, n: int) -> int:
    sizes: dict[StorageWeakRef, int] = {}

    def see(tensor: Tensor) -> Tensor:
        sizes[StorageWeakRef(tensor.untyped_storage())] = tensor.untyped_storage().nbytes()
        return tensor

    y = torch.zeros(n, dtype=torch.long, device="meta") if procedure.conditional else None
    with torch.device("meta"), saved_tensors_hooks(see, lambda tensor: tensor):
        kept = procedure.sample(n, y)  # held, so that no two storages have one address
    return sum(sizes.values()) if kept.requires_grad else 0


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _refuse(needed: Need, times: int, has: int, what: str) -> None:
    shares = {"data": needed.data, "networks": needed.networks, "one batch": needed.batch}
    if times * sum(shares.values()) <= has:
        return
    remedies = {
        "data": "a smaller dataset.n or dataset.size",
        "networks": "narrower networks, or smaller images",
        "one batch": "a smaller run.batch_size",
    }
    largest = max(shares, key=lambda name: shares[name])
    listed = ", ".join(f"{name} {_gib(times * size)}" for name, size in shares.items() if size > 2**26)
    raise IncompatibleError(
        f"this recipe needs at least {_gib(times * sum(shares.values()))} of memory, and {what} has {_gib(has)}: "
        f"{listed}. Take {remedies[largest]}."
    )


def _gib(size: int) -> str:
    return f"{size / 2**30:,.1f} GiB"
