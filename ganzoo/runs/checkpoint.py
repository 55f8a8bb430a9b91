"""Checkpoint folders: safetensors and JSON files with a manifest, written completely or not at all.

A folder is written under a temporary name, synced to disk and renamed. Only then is `latest` pointed to it, and only
then are older checkpoints removed. The manifest holds the size and SHA-256 of every file; both are checked before any
content is used.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
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
from ganzoo.utils import atomic, git_lfs, regular

FORMAT = 1
LISTED = 5  # differences that an error message lists
LARGEST_MANIFEST = 2**20  # bytes; a manifest has a line for each file


@dataclass
class Checkpoint:
    """The contents of a checkpoint.

    Attributes:
        tensors: Named tensors by file stem, such as {"model": {name: tensor}}.
        states: JSON values by file stem, such as {"state": {...}}.
    """

    tensors: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)


def write(
    checkpoints: Path,
    step: int,
    content: Checkpoint,
    *,
    keep: int,
    main: bool = True,
    everyone: Callable[[bool], bool] = lambda succeeded: succeeded,
) -> Path:
    """Write checkpoints/step-N and make it the latest. Each of several processes adds its own files.

    Args:
        checkpoints: The folder of all checkpoints.
        step: Steps trained so far.
        content: The tensors and states that this process writes.
        keep: Number of checkpoints that are kept; at least two are.
        main: True on the process that makes the folder and the manifest.
        everyone: Returns True when its argument is True on all processes; called on each of them.

    Returns:
        The folder of the checkpoint.

    Raises:
        OSError: A process could not write its part. It is raised on every process, and earlier checkpoints are intact.
    """
    final = checkpoints / retention.name_of(step)
    partial = final.with_name(atomic.PARTIAL + final.name)

    def begin() -> None:
        checkpoints.mkdir(parents=True, exist_ok=True)
        atomic.remove_leftovers(checkpoints)
        partial.mkdir()
        atomic.sync_file(checkpoints.parent / layout.METRICS)  # a resumed run keeps the rows up to its checkpoint

    def add() -> None:
        for stem, tensors in content.tensors.items():
            atomic.write_synced(partial / f"{stem}.safetensors", safetensors.torch.save(separate(tensors)))
        for stem, state in content.states.items():
            atomic.write_synced(partial / f"{stem}.json", json.dumps(state).encode())

    def finish() -> None:
        files = {path.name: _describe(path.read_bytes()) for path in sorted(partial.iterdir())}
        atomic.write_synced(
            partial / layout.MANIFEST,
            json.dumps({"format": FORMAT, "step": step, "files": files}, indent=1).encode(),
        )
        atomic.sync_folder(partial)
        atomic.replace_folder(partial, final)  # a run resumed from an earlier checkpoint saves the same step again
        atomic.sync_folder(checkpoints)
        retention.point(checkpoints, layout.LATEST, final)
        with contextlib.suppress(OSError):  # the checkpoint is complete; old ones are removed next time
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
    """Read a checkpoint and verify every file.

    Args:
        folder: The checkpoint folder.

    Returns:
        The contents of all files in the manifest.

    Raises:
        RunError: A file is missing or damaged; the message names it.
    """
    if folder.is_symlink():
        raise RunError(f"{folder}: damaged, {retention.what_is_wrong(folder)}. Use another checkpoint.")
    path = folder / layout.MANIFEST
    manifest = _load_json(path, _bytes(path, LARGEST_MANIFEST))
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") != FORMAT
        or not isinstance(manifest.get("files"), dict)
    ):
        raise RunError(f"{folder}: not a checkpoint of this version of ganzoo (format {FORMAT})")
    content = Checkpoint()
    for name, expected in manifest["files"].items():
        path = folder / Path(name).name
        size = expected.get("size") if isinstance(expected, dict) else None
        data = _bytes(path, size if isinstance(size, int) else 0)
        if _describe(data) != expected:
            raise _damaged(path)
        if path.suffix == ".safetensors":
            try:
                content.tensors[path.stem] = safetensors.torch.load(data)
            except SafetensorError as error:
                raise RunError(f"{path}: not a safetensors file: {error}") from error
        else:
            content.states[path.stem] = _load_json(path, data)
    return content


def load_weights(procedure: nn.Module, saved: Checkpoint) -> None:
    """Load the networks' weights and buffers from a checkpoint.

    Args:
        procedure: The procedure that holds the networks.
        saved: The checkpoint.

    Raises:
        RunError: Names or shapes differ; the message lists the first ones. Nothing was copied.
    """
    with fitting():
        check_tensors(saved.tensors["model"], procedure.state_dict())
        procedure.load_state_dict(saved.tensors["model"])


@contextmanager
def fitting() -> Iterator[None]:
    """Raise a RunError in place of any error that a checkpoint of another recipe causes in the block."""
    try:
        yield
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RuntimeError) as error:
        raise RunError(f"the checkpoint does not fit this recipe: {type(error).__name__}: {error}") from error


def check_tensors(stored: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Check names, shapes and types of stored tensors before anything is copied.

    Args:
        stored: The tensors of a checkpoint.
        expected: Those of the networks or optimizers, by the same names.

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
    """Run one stage of writing: all processes complete it, or all raise OSError."""
    failure = None
    try:
        if action:
            action()
    except OSError as error:
        failure = error
    if not everyone(failure is None):
        raise failure or OSError("another process could not write its part")


def separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors to the CPU, each to memory of its own: safetensors refuses shared memory, as of tied weights."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def _describe(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _bytes(path: Path, limit: int) -> bytes:
    try:
        return regular.read(path, limit)
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise _damaged(path) from error
        raise RunError(f"{path}: {error.strerror}. This checkpoint is not complete; use another.") from error


def _damaged(path: Path) -> RunError:
    if pointer := git_lfs.pointer_remedy(path):
        return RunError(f"{path}: {pointer}.")
    return RunError(f"{path}: damaged (its size or SHA-256 differs from the manifest). Use another checkpoint.")


def _load_json(path: Path, data: bytes) -> Any:
    try:
        return regular.parse_json(data)
    except ValueError as error:
        pointer = git_lfs.REMEDY if git_lfs.is_pointer(data) else ""
        raise RunError(f"{path}: {pointer or f'not JSON: {error}'}") from error
