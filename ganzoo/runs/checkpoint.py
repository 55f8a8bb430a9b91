"""Checkpoint folders: safetensors and JSON with a manifest, written whole or not at all.

A folder is written under a temporary name, synced to disk and renamed; only then `latest` points to it, and only then
older ones are removed. Every file's size and SHA-256 stand in the manifest and are checked before anything is used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ganzoo.errors import RunError
from ganzoo.runs import layout, retention
from ganzoo.utils import atomic

FORMAT = 1
LISTED = 5  # differences that an error message lists
LARGEST_MANIFEST = 2**20  # bytes; a manifest has a line for each file


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
    everyone: Callable[[bool], bool] = lambda fine: fine,
) -> Path:
    """Write checkpoints/step-N and make it the latest. With several processes each adds its own files.

    keep: how many checkpoints stay, two at least. main: this process makes the folder and the manifest.
    everyone: whether all processes are fine, asked of each of them.
    Errors: OSError, on every process, when one could not write its part; what was there before is there still.
    """
    final = checkpoints / retention.name_of(step)
    partial = final.with_name(atomic.PARTIAL + final.name)

    def begin() -> None:
        checkpoints.mkdir(parents=True, exist_ok=True)
        atomic.remove_leftovers(checkpoints)
        partial.mkdir()

    def add() -> None:
        for stem, tensors in mine.tensors.items():
            atomic.write_synced(partial / f"{stem}.safetensors", safetensors.torch.save(separate(tensors)))
        for stem, state in mine.states.items():
            atomic.write_synced(partial / f"{stem}.json", json.dumps(state).encode())

    def finish() -> None:
        described = {path.name: _describe(path.read_bytes()) for path in sorted(partial.iterdir())}
        atomic.write_synced(
            partial / layout.MANIFEST,
            json.dumps({"format": FORMAT, "step": step, "files": described}, indent=1).encode(),
        )
        atomic.sync_folder(partial)
        atomic.replace_folder(partial, final)  # a run that went on from an earlier one saves a step again
        atomic.sync_folder(checkpoints)
        retention.point(checkpoints, layout.LATEST, final)
        with contextlib.suppress(OSError):  # the checkpoint is there; what is too much goes another time
            retention.prune(checkpoints, final, keep)

    try:
        _together(begin if main else None, everyone)
        _together(add, everyone)
        _together(finish if main else None, everyone)
    except OSError:
        if main:
            with contextlib.suppress(OSError):
                atomic.remove_leftovers(checkpoints)
        raise
    return final


def read(folder: Path) -> Checkpoint:
    """A checkpoint whose every file is as it was written. Errors: RunError naming the file that is not."""
    path = folder / layout.MANIFEST
    manifest = _load_json(path, _bytes(path, LARGEST_MANIFEST))
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != FORMAT
        or not isinstance(manifest.get("files"), dict)
    ):
        raise RunError(f"{folder}: not a checkpoint of this version of ganzoo (format {FORMAT})")
    found = Checkpoint()
    for name, expected in manifest["files"].items():
        path = folder / Path(name).name
        size = expected.get("size") if isinstance(expected, dict) else None
        content = _bytes(path, size if isinstance(size, int) else 0)
        if _describe(content) != expected:
            raise _damaged(path)
        if path.suffix == ".safetensors":
            try:
                found.tensors[path.stem] = safetensors.torch.load(content)
            except SafetensorError as error:
                raise RunError(f"{path}: not a safetensors file: {error}") from error
        else:
            found.states[path.stem] = _load_json(path, content)
    return found


def load_weights(procedure: nn.Module, saved: Checkpoint) -> None:
    """Load the networks' weights and buffers from a checkpoint.

    Raises:
        RunError: Names or shapes differ; the message lists the first ones. Nothing was copied.
    """
    with fitting():
        check_tensors(saved.tensors["model"], procedure.state_dict())
        procedure.load_state_dict(saved.tensors["model"])


@contextmanager
def fitting() -> Iterator[None]:
    """Turn whatever a foreign checkpoint makes torch or Python raise into a RunError."""
    try:
        yield
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError) as error:
        raise RunError(f"the checkpoint does not fit this recipe: {type(error).__name__}: {error}") from error


def check_tensors(stored: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Check names, shapes and types of stored tensors before anything is copied.

    Raises:
        RunError: They differ; the message lists the first differences.
    """

    def describe(tensors: Mapping[str, Tensor], name: str) -> str:
        return f"{tuple(tensors[name].shape)} {tensors[name].dtype}" if name in tensors else "missing"

    differences = [
        f"  {name}: {describe(stored, name)} in the checkpoint, {describe(expected, name)} here"
        for name in {**expected, **stored}
        if describe(stored, name) != describe(expected, name)
    ]
    if differences:
        omitted = len(differences) - LISTED
        more = [f"  and {omitted} more"] if omitted > 0 else []
        raise RunError("\n".join(["the checkpoint does not fit these networks:", *differences[:LISTED], *more]))


def _together(action: Callable[[], None] | None, everyone: Callable[[bool], bool]) -> None:
    """One stage of writing: all processes go on to the next, or all raise OSError."""
    failure = None
    try:
        if action:
            action()
    except OSError as error:
        failure = error
    if not everyone(failure is None):
        raise failure or OSError("another process could not write its part")


def separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU: safetensors refuses tensors that share memory, as tied weights do."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def _describe(content: bytes) -> dict[str, Any]:
    return {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _bytes(path: Path, limit: int) -> bytes:
    """A regular file of at most `limit` bytes, copied into memory: a mapped one that shrinks would end the process."""
    try:
        found = path.lstat()
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(0, "Is a directory")
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "It is a link or a device, not a file")
        if found.st_size > limit:
            raise _damaged(path)
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}. This checkpoint is not complete; use another.") from error


def _damaged(path: Path) -> RunError:
    return RunError(f"{path}: damaged (its size or SHA-256 is not the manifest's). Use another checkpoint.")


def _load_json(path: Path, content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON: {error}") from error
