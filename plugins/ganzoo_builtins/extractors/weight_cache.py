"""Cache of trained weights: NAME.safetensors, and NAME.json with facts about them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import safetensors.torch
from filelock import FileLock, Timeout
from safetensors import SafetensorError
from torch import Tensor

from ganzoo import GanzooError, write_file

LARGEST = 2**30  # bytes of a file; cached weights are much smaller
LONGEST = 900.0  # seconds that one process waits for another one to train the same weights


class DamagedCacheError(GanzooError):
    """A cached file is not as it was written."""


@contextmanager
def alone(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Keep other processes from the same block: the first one trains and saves the weights, the others load them.

    Where the file system has no locks, or one takes very long, each trains for itself.

    Args:
        path: Path of both files, without a suffix.
        say: Called with a message when another process is in the block.

    Yields:
        Nothing.
    """
    lock = FileLock(path.with_suffix(".lock"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"waiting for another process, which trains {path.name.partition('-')[0]}")
            lock.acquire(timeout=LONGEST)
    except (OSError, NotImplementedError):  # Timeout is an OSError as well
        yield
        return
    try:
        yield
    finally:
        lock.release()


def digest(weights: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the file of these weights."""
    return hashlib.sha256(_serialize(weights)).hexdigest()


def save(path: Path, weights: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write weights and facts.

    Args:
        path: Path of both files, without a suffix.
        weights: The weights.
        facts: Facts about them, which JSON can represent.

    Raises:
        OSError: A file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path.with_suffix(".safetensors"), _serialize(weights))
    write_file(path.with_suffix(".json"), json.dumps({"digest": digest(weights), **facts}, indent=1).encode())


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Read weights and facts.

    Args:
        path: Path of both files, without a suffix.

    Returns:
        The weights, and the facts with the "digest" of the weights; or None when there are no files.

    Raises:
        DamagedCacheError: A file is not as it was written.
    """
    weights_file, facts_file = path.with_suffix(".safetensors"), path.with_suffix(".json")
    if not (weights_file.is_file() and facts_file.is_file()):
        return None
    try:
        facts = json.loads(facts_file.read_bytes())
        if weights_file.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        content = weights_file.read_bytes()
        if hashlib.sha256(content).hexdigest() != facts["digest"]:
            raise ValueError("its SHA-256 differs")
        return safetensors.torch.load(content), facts
    except (OSError, ValueError, RecursionError, KeyError, TypeError, SafetensorError) as error:
        raise DamagedCacheError(f"{weights_file} is not as it was written: {error}") from error


def _serialize(weights: Mapping[str, Tensor]) -> bytes:
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in weights.items()})
