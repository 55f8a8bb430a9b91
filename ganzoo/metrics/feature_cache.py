"""Cache of the features of real samples, in files that are named by their content."""

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
from ganzoo.metrics.selection import Selected
from ganzoo.utils import atomic

LARGEST = 2**29  # bytes of a file


def seen(part: Part, extractor: Selected, cache: Path, outputs: frozenset[str]) -> Seen:
    """Return real samples with their features and logits, from the cache or computed.

    An extractor without weights is faster than a file, so its outputs are not cached. A damaged file is replaced.

    Args:
        part: The samples.
        extractor: The extractor, after prepare().
        cache: Folder of the cache.
        outputs: The outputs that are needed: "features", "logits".

    Returns:
        The samples, with these outputs.
    """
    model: Extractor = extractor.component
    x, y = part.samples, part.batch.get("y")
    if not outputs or not model.digest:
        return Seen(x, y, model)
    path = cache / f"seen-{_key(part, extractor)}.safetensors"
    tensors = _read(path, len(x))
    if missing := outputs - tensors.keys():
        compute = {"features": model.features, "logits": model.logits}
        tensors |= {name: compute[name](x) for name in missing}
        _write(path, tensors)
    return Seen(x, y, model, tensors.get("features"), tensors.get("logits"))


def _key(part: Part, extractor: Selected) -> str:
    content = json.dumps([part.digest, extractor.facts, extractor.component.digest], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _read(path: Path, n: int) -> dict[str, Tensor]:
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError):
        return {}
    valid = all(len(value) == n and value.dtype == torch.float32 for value in tensors.values())
    return tensors if valid else {}


def _write(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write a file, if possible: without a cache, evaluations only take longer."""
    if sum(value.numel() * value.element_size() for value in tensors.values()) > LARGEST:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(path, save({name: value.contiguous() for name, value in tensors.items()}))
    except OSError:
        return
