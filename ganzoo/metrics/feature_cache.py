"""What an extractor saw in real samples, kept by content, so that it looks at them once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Seen
from ganzoo.metrics.reference import Part
from ganzoo.metrics.selection import Chosen
from ganzoo.utils import atomic

LARGEST = 2**29  # bytes in one file


def seen(part: Part, extractor: Chosen, cache: Path, wanted: frozenset[str]) -> Seen:
    """Real samples with those of "features" and "logits" that are wanted.

    Kept in a file that is named by the content of the samples and of the extractor; one without weights is quicker than
    a file. A file that cannot be read is written anew.
    """
    looks: Extractor = extractor.made
    x, y = part.samples, part.batch.get("y")
    if not wanted or not looks.digest:
        return Seen(x, y, looks)
    path = cache / f"seen-{_key(part, extractor)}.safetensors"
    found = _read(path, len(x))
    if missing := wanted - found.keys():
        look = {"features": looks.features, "logits": looks.logits}
        found |= {name: look[name](x) for name in missing}
        _write(path, found)
    return Seen(x, y, looks, found.get("features"), found.get("logits"))


def _key(part: Part, extractor: Chosen) -> str:
    told = json.dumps([part.fingerprint, extractor.facts, extractor.made.digest], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def _read(path: Path, n: int) -> dict[str, Tensor]:
    try:
        found = load_file(path)
    except (OSError, SafetensorError):
        return {}
    fine = all(len(value) == n and value.dtype == torch.float32 for value in found.values())
    return found if fine else {}


def _write(path: Path, found: dict[str, Tensor]) -> None:
    """A cache that cannot be written costs time, and nothing else."""
    if sum(value.numel() * value.element_size() for value in found.values()) > LARGEST:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(path, save({name: value.contiguous() for name, value in found.items()}))
    except OSError:
        return
