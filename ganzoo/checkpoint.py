"""Checkpoint folders: safetensors and JSON with a manifest, written whole or not at all.

A folder is written under a temporary name, synced to disk and renamed; only then `latest` points to it, and only then
older ones are removed. Every file's size and SHA-256 stand in the manifest and are checked before anything is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ganzoo.errors import RunError

FORMAT = 1


@dataclass
class Checkpoint:
    """The files of a checkpoint as objects: {"model": {name: tensor}}, {"state": {...}}."""

    tensors: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)


def write(
    checkpoints: Path,
    step: int,
    mine: Checkpoint,
    *,
    keep: int,
    main: bool = True,
    wait: Callable[[], None] = lambda: None,
) -> Path:
    """Write checkpoints/step-N and make it the latest. With several processes each adds its own files.

    keep: how many checkpoints stay. main: this process makes the folder and the manifest. wait: a barrier.
    """
    name = f"step-{step:08d}"
    final, partial = checkpoints / name, checkpoints / f".partial-{name}"
    if main:
        for old in checkpoints.glob(".partial-*"):
            shutil.rmtree(old, ignore_errors=True)
        partial.mkdir(parents=True)
    wait()
    for stem, tensors in mine.tensors.items():
        _write_synced(partial / f"{stem}.safetensors", safetensors.torch.save(_separate(tensors)))
    for stem, state in mine.states.items():
        _write_synced(partial / f"{stem}.json", json.dumps(state).encode())
    wait()
    if main:
        files = {path.name: _describe(path.read_bytes()) for path in sorted(partial.iterdir())}
        manifest = {"format": FORMAT, "step": step, "files": files}
        _write_synced(partial / "manifest.json", json.dumps(manifest, indent=1).encode())
        _sync_folder(partial)
        if final.exists():  # the same step again, after a resume: what is there was not complete or is equal
            shutil.rmtree(final)
        partial.rename(final)
        _sync_folder(checkpoints)
        write_atomically(checkpoints / "latest", name.encode())
        for old in _in_order(checkpoints)[:-keep]:
            shutil.rmtree(old, ignore_errors=True)
    wait()
    return final


def read(folder: Path) -> Checkpoint:
    """A checkpoint whose every file is as it was written. Errors: RunError naming the file that is not."""
    manifest = _load_json(folder / "manifest.json", _bytes(folder / "manifest.json"))
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != FORMAT
        or not isinstance(manifest.get("files"), dict)
    ):
        raise RunError(f"{folder}: not a checkpoint of this version of ganzoo (format {FORMAT})")
    found = Checkpoint()
    for name, expected in manifest["files"].items():
        path = folder / Path(name).name
        content = _bytes(path)
        if _describe(content) != expected:
            raise RunError(f"{path}: damaged (its size or SHA-256 is not the manifest's). Use another checkpoint.")
        if path.suffix == ".safetensors":
            try:
                found.tensors[path.stem] = safetensors.torch.load(content)
            except SafetensorError as error:
                raise RunError(f"{path}: not a safetensors file: {error}") from error
        else:
            found.states[path.stem] = _load_json(path, content)
    return found


def latest(checkpoints: Path) -> Path:
    """The newest checkpoint of a run. Errors: RunError when there is none."""
    pointer = checkpoints / "latest"
    if pointer.is_file():
        named = checkpoints / Path(pointer.read_bytes().decode(errors="replace").strip()).name
        if (named / "manifest.json").is_file():
            return named
    complete = [folder for folder in _in_order(checkpoints) if (folder / "manifest.json").is_file()]
    if not complete:
        raise RunError(f"{checkpoints.parent}: no checkpoint yet. Start again with `ganzoo run`.")
    return complete[-1]


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file by a complete new one."""
    partial = path.with_name(f".partial-{path.name}")
    _write_synced(partial, content)
    partial.replace(path)


def _in_order(checkpoints: Path) -> list[Path]:
    """Every step-N, oldest first; what somebody else put beside them is not ours."""
    found = [path for path in checkpoints.glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return sorted(found, key=lambda path: int(path.name.removeprefix("step-")))


def _separate(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU: safetensors refuses tensors that share memory, as tied weights do."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def _describe(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}. This checkpoint is not complete; use another.") from error


def _load_json(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON: {error}") from error
