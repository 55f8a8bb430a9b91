"""Integrity checks of run folders, which `kill.py` runs after each kill, and digests to compare finished runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image

from ganzoo.errors import GanzooError
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run


def problems(folder: Path) -> list[str]:
    """Return one sentence for each broken file of a run folder. No visible file may ever be partly written."""
    return [*_checkpoints(folder), *_json(folder), *_metrics(folder), *_pictures(folder)]


def steps(folder: Path) -> list[int]:
    """Return the steps that have a checkpoint, in ascending order."""
    return sorted(int(path.name.removeprefix("step-")) for path in folder.glob("checkpoints/step-*"))


def bits(run: Run) -> str:
    """Return the SHA-256 of the newest checkpoint: weights, averages, optimizers, buffers and random generators."""
    saved = checkpoint.read(run.latest)
    digest = hashlib.sha256()
    for part, tensors in sorted(saved.tensors.items()):
        for name, tensor in sorted(tensors.items()):
            digest.update(f"{part} {name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    for part, state in sorted(saved.states.items()):
        if part.startswith("rank-"):
            digest.update(json.dumps(state, sort_keys=True).encode())
    return digest.hexdigest()


def left_behind(run: Run) -> dict[str, object]:
    """Return the other results that must be equal in equal runs: all logged losses, and hashes of the pictures."""
    rows = [{key: value for key, value in row.items() if key == "step" or "/" in key} for row in run.metrics()]
    pictures = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in run.samples.glob("*.png")}
    return {"rows": rows, "pictures": pictures}


def _checkpoints(folder: Path) -> Iterator[str]:
    whole = []
    for path in folder.glob("checkpoints/step-*"):
        try:
            checkpoint.read(path)
            whole.append(path)
        except GanzooError as error:
            yield error.message
    pointer = folder / "checkpoints" / "latest"
    if pointer.is_file() and pointer.parent / pointer.read_text() not in whole:
        yield f"{pointer} names {pointer.read_text()!r}, which is not there or not whole"
    if whole and Run(folder).latest not in whole:
        yield f"{folder}: the newest checkpoint is not whole"


def _json(folder: Path) -> Iterator[str]:
    for path in _visible(folder, "*.json"):
        try:
            json.loads(path.read_bytes())
        except ValueError as error:
            yield f"{path}: {error}"


def _metrics(folder: Path) -> Iterator[str]:
    """Check that steps increase and that each complete line is a row; only the last line may be cut off."""
    path = folder / "metrics.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.is_file() else []
    rows = [row["step"] for row in Run(folder).metrics()]
    if rows != sorted(set(rows)):
        yield f"{path}: steps {rows} do not go up"
    if len(rows) < sum(line.endswith("\n") for line in lines):
        yield f"{path}: {len(lines)} lines, {len(rows)} rows"


def _pictures(folder: Path) -> Iterator[str]:
    for path in _visible(folder, "*.png"):
        try:
            with Image.open(path) as picture:
                picture.load()
        except (OSError, SyntaxError) as error:  # Pillow raises either for a PNG that is cut off
            yield f"{path}: {error}"


def _visible(folder: Path, pattern: str) -> Iterator[Path]:
    for path in folder.rglob(pattern):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path
