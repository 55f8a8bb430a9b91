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

from ganzoo.config import instantiate
from ganzoo.config.component import PerPlayer
from ganzoo.config.recipe import Recipe
from ganzoo.errors import DataError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.procedure import Procedure
from ganzoo.training import engine, optim

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


def check(recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
    """Errors: IncompatibleError when this machine, or its GPU, has less memory than the recipe needs.

    Networks that cannot be built on the meta device are let through: nobody knows what they need.
    """
    try:
        with torch.device("meta"):
            procedure = instantiate.procedure(recipe, dataset.spec)
    except Exception:
        return  # building it in earnest says what is wrong, if anything is
    compare(need(recipe, dataset, procedure), device)


def compare(needed: Need, device: torch.device) -> None:
    """Errors: those of check()."""
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


def need(recipe: Recipe, dataset: Dataset, procedure: Procedure) -> Need:
    """procedure: the recipe's, on the meta device."""
    spec, n = dataset.spec, recipe.run.batch_size
    wide = (8 if spec.vocab else 4) * spec.size  # bytes of one sample as float32, or as int64 ids
    half = 2 if recipe.run.precision != "no" else 1
    data = 0
    if dataset.in_memory:
        stored = spec.size if spec.is_image else wide
        with suppress(DataError):  # the files are not there yet
            data = len(dataset) * (stored + (8 if spec.classes else 0) + 8)  # with its label and its place in the order
    kept = _kept(procedure) // half if n * wide > WORTH_A_LOOK else 0
    return Need(_networks(recipe, procedure), n * (2 * wide + kept), data)


def _networks(recipe: Recipe, procedure: Procedure) -> int:
    numbers = _bytes(procedure.parameters()) + _bytes(procedure.buffers())
    if recipe.run.ema:
        numbers += _bytes(p for module in procedure.averaged() for p in module.parameters())
    owned = engine.owned(procedure)
    numbers += _bytes({id(p): p for parameters in owned.values() for p in parameters}.values())  # their gradients
    for player, parameters in owned.items():
        numbers += round(_remembered(recipe.optimizer, player) * _bytes(parameters))
    return numbers


def _remembered(optimizer: PerPlayer, player: str) -> float:
    """How many numbers this player's optimizer keeps for each weight: 2 for Adam. Found by one step with a few."""
    probe = nn.Parameter(torch.zeros(32, 32, device="cpu"))
    probe.grad = torch.zeros_like(probe)
    made = optim.optimizer_factory(optimizer)(player, [probe])
    try:
        made.step()
    except Exception:  # a stranger's optimizer may want more than this; it is trained with all the same
        return 0.0
    kept = [value for state in made.state.values() for value in state.values() if isinstance(value, Tensor)]
    return sum(value.numel() for value in kept if value.dim()) / probe.numel()


def _kept(procedure: Procedure) -> int:
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
