"""The files of an export: which names are allowed, and that each file is as it was written.

manifest.json lists the size and SHA-256 of every file except two: itself, and README.md, which people edit on the Hub.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from ganzoo.config import parser, validation
from ganzoo.errors import RunError, one_line
from ganzoo.registry.discovery import DISTRIBUTION
from ganzoo.sharing import CONFIG as CONFIG
from ganzoo.utils import git_lfs, regular

FORMAT = 1
CARD = "README.md"
MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"
ONNX = "generator.onnx"
TORCH_EXPORT = "generator.pt2"
REQUIRED = (MANIFEST, CONFIG, WEIGHTS)
OPTIONAL = (CARD, "recipe.toml", "recipe.json", "provenance.json", "samples.png", "samples.txt", ONNX, TORCH_EXPORT)
ALLOWED = (*REQUIRED, *OPTIONAL)
IGNORED = (".gitattributes", ".git", ".cache")  # of git and of the Hub's own tools; never read
EXECUTABLE = (".pkl", ".pickle", ".bin", ".pt", ".pth", ".ckpt", ".py")  # formats that can run code when they are read
MAX_MANIFEST_BYTES = 2**16


class File(BaseModel):
    """Size in bytes and SHA-256 of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: NonNegativeInt
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """The contents of manifest.json.

    Attributes:
        format: Version of this format.
        files: Size and digest of each file, by name.
        card: SHA-256 of README.md as ganzoo wrote it; a different one means that somebody has edited it since.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: PositiveInt
    files: Annotated[dict[str, File], Field(max_length=len(ALLOWED))]
    card: str = ""


def is_export(folder: Path) -> bool:
    """Return whether a folder looks like an export; its contents are not checked."""
    return (folder / CONFIG).exists() and not (folder / "resolved.json").exists()


def check(folder: Path, digests: bool = False) -> Manifest:
    """Check that a folder holds exactly the files its manifest names, each of the stated size.

    Args:
        folder: An export.
        digests: Check the SHA-256 of every file too.

    Returns:
        The manifest.

    Raises:
        RunError: A file is unexpected, missing or changed; the message names it.
    """
    names = list_files(folder)
    manifest = _read_manifest(folder)
    for name in (*REQUIRED, *manifest.files):
        if name not in names:
            raise RunError(f"{folder}: {one_line(name)} is missing. Download it again, or export it again.")
    for name in names:
        if name not in manifest.files and name not in (MANIFEST, CARD):
            raise RunError(f"{folder}: {name} is not in {MANIFEST}: it is not part of this export. Remove it.")
    for name, file in manifest.files.items():
        if digests:
            read_file(folder, name, manifest)
        elif (size := _regular_file_status(folder / name).st_size) != file.size:
            _refuse_pointer(folder / name)
            raise RunError(f"{folder / name}: {size:,} bytes, but {MANIFEST} says {file.size:,}. Download it again.")
    return manifest


def list_files(folder: Path) -> list[str]:
    """Return the sorted file names of an export.

    Args:
        folder: An export.

    Returns:
        The names, without those of git and of the Hub's tools.

    Raises:
        RunError: An entry is not allowed in an export, or is not a regular file.
    """
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name not in IGNORED)
    except OSError as error:
        raise RunError(f"{folder}: {error.strerror}.") from error
    if reason := explain_foreign(names):
        raise RunError(f"{folder}: {reason}")
    for name in names:
        _regular_file_status(folder / name)
    return names


def explain_foreign(names: Sequence[str]) -> str:
    """Return why files of these names cannot be an export; an empty string when they can."""
    foreign = [name for name in names if name not in ALLOWED and name.partition("/")[0] not in IGNORED]
    if not foreign:
        return ""
    listed = ", ".join(map(one_line, foreign[:5])) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
    executable = [name for name in foreign if name.endswith(EXECUTABLE)]
    warning = f" {one_line(executable[0])} could run code." if executable else ""
    return f"{listed}: not part of an export.{warning} ganzoo reads no folder that holds files other than its own."


def read_file(folder: Path, name: str, manifest: Manifest) -> bytes:
    """Return the content of a file whose size and digest match the manifest.

    Args:
        folder: An export.
        name: One of the manifest's files.
        manifest: The export's manifest.

    Returns:
        The content.

    Raises:
        RunError: The file was changed after it was exported.
    """
    expected = manifest.files[name]
    content = read_bounded(folder / name, expected.size)
    if fingerprint(content) != expected:
        _refuse_pointer(folder / name)
        raise RunError(
            f"{folder / name}: changed since it was exported (its size or SHA-256 does not match {MANIFEST}). "
            "Download it again, or export it again."
        )
    return content


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a regular file of at most `limit` bytes; links are not followed.

    Args:
        path: The file.
        limit: Largest size in bytes.

    Returns:
        The content.

    Raises:
        RunError: The path is not a regular file, cannot be read, or is larger than `limit`.
    """
    try:
        return regular.read(path, limit)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}.") from error


def fingerprint(content: bytes) -> File:
    """Return the size and SHA-256 of a content."""
    return File(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def write(folder: Path) -> Manifest:
    """Write manifest.json for the files that are in the folder now, and return it."""
    contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    files = {name: fingerprint(content) for name, content in contents.items()}
    card = files.pop(CARD).sha256 if CARD in files else ""
    manifest = Manifest(format=FORMAT, files=files, card=card)
    (folder / MANIFEST).write_text(json.dumps(manifest.model_dump(), indent=1))
    return manifest


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.exists():
        raise RunError(f"{folder}: {MANIFEST} is missing. Download it again, or export it again.")
    content = read_bounded(path, MAX_MANIFEST_BYTES)
    try:
        tree: Any = parser.strict_json(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON: {error}") from error
    if isinstance(tree, dict) and isinstance(tree.get("format"), int) and tree["format"] > FORMAT:
        raise RunError(
            f"{path}: format {tree['format']}, and this ganzoo reads format {FORMAT}: pip install -U {DISTRIBUTION}"
        )
    if not isinstance(tree, dict) or (problems := validation.check(Manifest, str(path), tree)):
        raise RunError("\n".join(problems) if isinstance(tree, dict) else f"{path}: not a manifest of ganzoo.")
    return Manifest.model_validate_json(json.dumps(tree), strict=True)  # in UTF-8, whatever the file's encoding


def _refuse_pointer(path: Path) -> None:
    """Raise RunError for a pointer of Git LFS, which a clone without it leaves in place of a file."""
    if pointer := git_lfs.pointer_remedy(path):
        raise RunError(f"{path}: {pointer}.")


def _regular_file_status(path: Path) -> os.stat_result:
    """Return the status of a regular file; raise RunError for anything else."""
    try:
        return regular.check(path)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}. An export holds only regular files.") from error
