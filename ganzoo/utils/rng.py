"""State and seeds of the random number generators of PyTorch, Python and NumPy."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from accelerate.utils import set_seed
from torch.utils._pytree import tree_leaves

from ganzoo.errors import SetupError
from ganzoo.utils.dispatch_mode import DispatchMode

SHARED = (
    "another training is running in this process, and both would draw from the same random numbers, so that neither "
    "would be what its seed says. Train and evaluate one after the other, or in a process each."
)
_GLOBAL = threading.Lock()  # held while PyTorch's own generators are borrowed
_OWNED = threading.RLock()  # held by the thread whose work draws from the generators of the process
_TRAINS = threading.Event()  # set while that work is a training, which may take days


def tensors() -> dict[str, torch.Tensor]:
    """Return the state of PyTorch's generators, as tensors."""
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def words() -> dict[str, Any]:
    """Return the state of the generators of Python and NumPy, for JSON."""
    name, keys, *rest = np.random.get_state()
    return {"python": random.getstate(), "numpy": [name, np.asarray(keys).tolist(), *rest]}


def restore(saved: Mapping[str, torch.Tensor], others: Mapping[str, Any]) -> None:
    """Restore the state of all generators.

    Args:
        saved: The result of tensors().
        others: The result of words().
    """
    _restore_torch(saved)
    version, state, gauss = others["python"]
    random.setstate((version, tuple(state), gauss))
    name, keys, *rest = others["numpy"]
    np.random.set_state((name, np.array(keys, dtype=np.uint32), *rest))


def _restore_torch(saved: Mapping[str, torch.Tensor]) -> None:
    torch.set_rng_state(saved["random.cpu"])
    if "random.cuda" in saved and torch.cuda.is_available():
        torch.cuda.set_rng_state(saved["random.cuda"])


@contextmanager
def replayed(states: Mapping[str, torch.Tensor]) -> Iterator[None]:
    """Draw numbers of PyTorch again inside the block, and go on afterwards as if nothing had been drawn in it.

    Args:
        states: The result of tensors() before the numbers were drawn for the first time.
    """
    before = tensors()
    _restore_torch(states)
    try:
        yield
    finally:
        _restore_torch(before)


@contextmanager
def preserve_rng() -> Iterator[None]:
    """Restore the random number generators of PyTorch, NumPy and Python after the block.

    Code inside may seed and use them; training continues with the same random numbers as without that code.
    """
    before, others = tensors(), words()
    try:
        yield
    finally:
        restore(before, others)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the random number generators of PyTorch, NumPy and Python inside the block, and restore them after it."""
    with preserve_rng():
        set_seed(seed)
        yield


@contextmanager
def owned(training: bool = False) -> Iterator[None]:
    """Draw from the generators of this process in this thread alone, inside the block.

    All threads share these generators, so that two pieces of work that seed them or draw from them would change each
    other's numbers. One that takes minutes is waited for.

    Args:
        training: The block is a training, which is not waited for.

    Raises:
        SetupError: A training is running in another thread.
    """
    if not _OWNED.acquire(blocking=not _TRAINS.is_set()):
        raise SetupError(SHARED)
    try:
        if training:
            _TRAINS.set()
        yield
    finally:
        if training:
            _TRAINS.clear()
        _OWNED.release()


class OwnNoise(DispatchMode):
    """Draws the random numbers of PyTorch from generators of its own, in the block and in this thread alone.

    Inside `with OwnNoise(seed):`, all functions of PyTorch draw the numbers that they would draw after
    `torch.manual_seed(seed)`. PyTorch's own generators, which all threads share, neither change nor matter. A second
    block of the same object continues where the first one ended.

    Args:
        seed: The seed.
        borrows: Let functions that take no generator, such as dropout on a GPU, draw from PyTorch's own one for a
            moment, in which no other thread may draw. False refuses them.
    """

    def __init__(self, seed: int, borrows: bool = True):
        super().__init__()
        self._seed = seed
        self._borrows = borrows
        self._generators: dict[torch.device, torch.Generator] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if torch.Tag.nondeterministic_seeded not in func.tags or given.get("generator") is not None:
            return func(*args, **given)
        device = _device(args, given)
        if device.type not in ("cpu", "cuda"):  # nothing is drawn on the meta device
            return func(*args, **given)
        generator = self._of(device)
        if any(argument.name == "generator" for argument in func._schema.arguments):
            return func(*args, **{**given, "generator": generator})
        name = "generator" if func._overloadname == "default" else f"{func._overloadname}_generator"
        if name in func.overloadpacket.overloads():
            return getattr(func.overloadpacket, name)(*args, **given, generator=generator)
        if not self._borrows:
            raise RuntimeError(f"{func} draws from PyTorch's own generator, which this thread must leave to training")
        with _borrowed(generator):
            return func(*args, **given)

    def _of(self, device: torch.device) -> torch.Generator:
        if device not in self._generators:
            self._generators[device] = torch.Generator(device).manual_seed(self._seed)
        return self._generators[device]


def _device(args: Sequence[Any], given: Mapping[str, Any]) -> torch.device:
    """Return the device that a function of PyTorch draws on."""
    if given.get("device") is not None:
        return torch.device(given["device"])
    tensors = (leaf for leaf in tree_leaves((args, given)) if isinstance(leaf, torch.Tensor))
    return next((tensor.device for tensor in tensors), torch.device("cpu"))


@contextmanager
def _borrowed(generator: torch.Generator) -> Iterator[None]:
    """Let PyTorch's own generator draw the numbers of another one, for a function that takes no generator."""
    cuda = generator.device.type == "cuda"
    with _GLOBAL:
        before = torch.cuda.get_rng_state(generator.device) if cuda else torch.get_rng_state()
        restore_state = (lambda s: torch.cuda.set_rng_state(s, generator.device)) if cuda else torch.set_rng_state
        restore_state(generator.get_state())
        try:
            yield
        finally:
            generator.set_state(torch.cuda.get_rng_state(generator.device) if cuda else torch.get_rng_state())
            restore_state(before)
