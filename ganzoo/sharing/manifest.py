"""The files of an export: which there may be, and that each is as it was written.

manifest.json has the size and SHA-256 of every file but two: itself, and README.md, which people edit on the Hub.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from ganzoo.config import parser, validation
from ganzoo.errors import RunError, one_line
from ganzoo.registry.discovery import DISTRIBUTION

FORMAT = 1
CARD, MANIFEST, CONFIG, WEIGHTS = "README.md", "manifest.json", "config.json", "model.safetensors"
ONNX, TORCH = "generator.onnx", "generator.pt2"
NEEDED = (MANIFEST, CONFIG, WEIGHTS)
KNOWN = (*NEEDED, CARD, "recipe.toml", "recipe.json", "provenance.json", "samples.png", "samples.txt", ONNX, TORCH)
PASSED_OVER = (".gitattributes", ".git", ".cache")  # of git and of the Hub's own tools; never read
LARGEST_MANIFEST = 2**16  # bytes


class File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    size: NonNegativeInt
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """card: SHA-256 of README.md as ganzoo wrote it, by which it knows whether somebody has edited it since."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: PositiveInt
    files: Annotated[dict[str, File], Field(max_length=len(KNOWN))]
    card: str = ""


def is_export(folder: Path) -> bool:
    """Whether it looks like one: nothing is checked."""
    return (folder / CONFIG).exists() and not (folder / "resolved.json").exists()


def check(folder: Path, everything: bool = False) -> Manifest:
    """The manifest of a folder that holds the files it names and no others, each of its size.

    everything: digests too, of every file. Errors: RunError naming the file that is too much, missing or changed.
    """
    names = listed(folder)
    manifest = _manifest(folder)
    for name in (*NEEDED, *manifest.files):
        if name not in names:
            raise RunError(f"{folder}: {one_line(name)} is missing. Fetch it again, or export it again.")
    for name in names:
        if name not in manifest.files and name not in (MANIFEST, CARD):
            raise RunError(f"{folder}: {name} is not in {MANIFEST}: it did not come with this export. Remove it.")
    for name, file in manifest.files.items():
        if everything:
            read(folder, name, manifest)
        elif (size := _status(folder / name).st_size) != file.size:
            raise RunError(f"{folder / name}: {size:,} bytes, and {MANIFEST} says {file.size:,}. Fetch it again.")
    return manifest


def listed(folder: Path) -> list[str]:
    """What is there. Errors: RunError naming what does not belong, or is no file."""
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name not in PASSED_OVER)
    except OSError as error:
        raise RunError(f"{folder}: {error.strerror}.") from error
    if foreign := refused(names):
        raise RunError(f"{folder}: {foreign}")
    for name in names:
        _status(folder / name)
    return names


def refused(names: list[str]) -> str:
    """Why a folder or repository with files of these names is no export; nothing when it may be one."""
    foreign = [name for name in names if name not in KNOWN and name.partition("/")[0] not in PASSED_OVER]
    if not foreign:
        return ""
    told = ", ".join(map(one_line, foreign[:5])) + (f" and {len(foreign) - 5} more" if len(foreign) > 5 else "")
    runs = [name for name in foreign if name.endswith((".pkl", ".pickle", ".bin", ".pt", ".pth", ".ckpt", ".py"))]
    why = f" {one_line(runs[0])} could run code." if runs else ""
    return f"{told}: no part of an export.{why} ganzoo reads no folder that holds other files than its own."


def read(folder: Path, name: str, manifest: Manifest) -> bytes:
    """A file as it was written. Errors: RunError when it was changed since."""
    expected = manifest.files[name]
    content = bounded(folder / name, expected.size)
    if describe(content) != expected:
        raise RunError(
            f"{folder / name}: changed since it was exported (its size or SHA-256 is not the one in {MANIFEST}). "
            "Fetch it again, or export it again."
        )
    return content


def bounded(path: Path, limit: int) -> bytes:
    """A regular file of at most `limit` bytes, copied into memory. Errors: RunError; links are not followed."""
    _status(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 a descriptor, so that what was looked at is what is read
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError(0, "It is a link or a device, not a file")
            content = file.read(limit + 1)
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}.") from error
    if len(content) > limit:
        raise RunError(f"{path}: larger than the {limit:,} bytes that it may have.")
    return content


def describe(content: bytes) -> File:
    return File(size=len(content), sha256=hashlib.sha256(content).hexdigest())


def write_manifest(folder: Path) -> Manifest:
    """Of what is in the folder now. Errors: OSError."""
    contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != MANIFEST}
    described = {name: describe(content) for name, content in contents.items()}
    card = described.pop(CARD).sha256 if CARD in described else ""
    made = Manifest(format=FORMAT, files=described, card=card)
    (folder / MANIFEST).write_text(json.dumps(made.model_dump(), indent=1))
    return made


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.exists():
        raise RunError(f"{folder}: {MANIFEST} is missing. Fetch it again, or export it again.")
    content = bounded(path, LARGEST_MANIFEST)
    try:
        tree: Any = parser.strict_json(content)
    except (ValueError, RecursionError) as error:
        raise RunError(f"{path}: not JSON: {error}") from error
    if isinstance(tree, dict) and isinstance(tree.get("format"), int) and tree["format"] > FORMAT:
        raise RunError(
            f"{path}: format {tree['format']}, and this ganzoo reads format {FORMAT}: pip install -U {DISTRIBUTION}"
        )
    if not isinstance(tree, dict) or (problems := validation.check(Manifest, str(path), tree)):
        raise RunError("\n".join(problems) if isinstance(tree, dict) else f"{path}: not as ganzoo writes it.")
    return Manifest.model_validate_json(content, strict=True)


def _status(path: Path) -> os.stat_result:
    """Errors: RunError for what is no regular file."""
    try:
        found = path.lstat()
    except OSError as error:
        raise RunError(f"{path}: {error.strerror}.") from error
    if not stat.S_ISREG(found.st_mode):
        what = "a link" if stat.S_ISLNK(found.st_mode) else "a folder" if stat.S_ISDIR(found.st_mode) else "a device"
        raise RunError(f"{path}: {what}, and an export holds files alone.")
    return found
