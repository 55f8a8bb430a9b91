"""Weights that took minutes to train, kept: NAME.safetensors, and NAME.json with what is known of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ganzoo import GanzooError, write_file

LARGEST = 2**30  # bytes of weights; none that are kept here come near it


class DamagedCacheError(GanzooError):
    """A kept file that is not as it was written."""


def digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of the file that they make."""
    return hashlib.sha256(_packed(weights)).hexdigest()


def save(path: Path, weights: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write both files, `path` being their name without an ending. Errors: OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path.with_suffix(".safetensors"), _packed(weights))
    write_file(path.with_suffix(".json"), json.dumps({"digest": digest(weights), **facts}, indent=1).encode())


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return weights and facts as they were written, "digest" among these, or None where there are none.

    Raises:
        DamagedCacheError: A file is not as it was written.
    """
    stored, told = path.with_suffix(".safetensors"), path.with_suffix(".json")
    if not (stored.is_file() and told.is_file()):
        return None
    try:
        facts = json.loads(told.read_bytes())
        if stored.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        content = stored.read_bytes()
        if hashlib.sha256(content).hexdigest() != facts["digest"]:
            raise ValueError("its SHA-256 is another one")
        return safetensors.torch.load(content), facts
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise DamagedCacheError(f"{stored} is not as it was written: {error}") from error


def _packed(weights: Mapping[str, Tensor]) -> bytes:
    return safetensors.torch.save({name: tensor.contiguous() for name, tensor in weights.items()})
