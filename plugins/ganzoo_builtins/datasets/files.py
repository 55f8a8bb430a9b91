"""Search for image files and class folders below a folder. Links to files outside of it are not followed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ganzoo import DataError, is_own_output
from ganzoo_builtins.datasets.image_decoder import SUFFIXES
from ganzoo_builtins.datasets.left_alone import BROKEN, HIDDEN, NO_SUFFIX, OUTSIDE, SPECIAL, TO_FOLDER, LeftAlone

HIDDEN_NAMES = ("@eaDir", "__MACOSX")  # created by NAS devices and by macOS; names that begin with a dot are hidden too

ACCESS = "Change its permissions, or remove it."
SHOWN = 3  # outputs of ganzoo that a remark names

Example = tuple[Path, int]
"""An image file and its label."""


def list_examples(root: Path, class_names: Sequence[str]) -> tuple[list[Example], LeftAlone]:
    """List the image files with their labels.

    Args:
        root: The folder.
        class_names: Names of the class folders, or none if all images have one class.

    Returns:
        Image files and labels, in alphabetical order of each class; and the count of other files.

    Raises:
        DataError: A class has no images, or images lie next to the class folders.
    """
    listed: list[Example] = []
    left = LeftAlone()
    for path in _contents(root) if class_names else ():
        reason = _reason(path, root)
        if reason == "":
            raise DataError(f"{path} lies next to class folders. Move it into one of them.")
        if reason:
            left.add(path, reason)
    for label, name in enumerate(class_names or [""]):
        others = LeftAlone()
        members = [(path, label) for path in image_files(root / name, root, others)]
        if not members:
            raise no_images(root / name, others, ", or remove it." if class_names else ".")
        listed += members
        left.add_all(others)
    return listed, left


def no_images(folder: Path, left: LeftAlone, end: str) -> DataError:
    """Return the error for a folder without images.

    Args:
        folder: The folder.
        left: Files in it that were left alone.
        end: End of the sentence that begins with "Put some there".

    Returns:
        The error.
    """
    alone = f": {left} left alone" if left.number else ""
    remedy = f"Put some there ({', '.join(SUFFIXES)}){end}"
    if left.numbers[OUTSIDE]:
        remedy += " Links out of the folder are not followed: copy what they point to, or set path to where it is."
    return DataError(f"no images in {folder}{alone}. {remedy}")


def image_files(folder: Path, root: Path, left: LeftAlone) -> Iterator[Path]:
    """Yield the image files in a folder and its subfolders, except links to files outside the root.

    Args:
        folder: The folder.
        root: The folder that links may not lead out of.
        left: Where files that are left alone are counted.

    Yields:
        The files, in alphabetical order.
    """
    for path in _contents(folder):
        reason = _reason(path, root)
        if reason is None:
            yield from image_files(path, root, left)
        elif reason:
            left.add(path, reason)
        else:
            yield path


def subfolders(folder: Path, root: Path) -> list[str]:
    """Return the names of the subfolders of a folder, without hidden ones, links, and those of ganzoo's outputs alone.

    Args:
        folder: The folder.
        root: The folder that links may not lead out of.

    Returns:
        The names, in alphabetical order.
    """
    return [path.name for path in _contents(folder) if _reason(path, root) is None and not _holds_outputs(path)]


def own_outputs(root: Path) -> Iterator[Path]:
    """Yield what ganzoo wrote below a folder: runs, exports and samples, which are no data."""
    for path in _everything(root):
        if is_own_output(path):
            yield path
        elif _reason(path, root) is None:
            yield from own_outputs(path)


def _holds_outputs(folder: Path) -> bool:
    """Tell whether a folder holds outputs of ganzoo and no image besides."""
    return next(image_files(folder, folder, LeftAlone()), None) is None and next(own_outputs(folder), None) is not None


def outputs_remark(root: Path) -> list[str]:
    """Return a remark about the outputs of ganzoo below a folder, or nothing."""
    names = [str(path.relative_to(root)) for path in own_outputs(root)]
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    return [f"left out what ganzoo wrote below {root}, which is no data: {shown}"] if names else []


def _contents(folder: Path) -> Iterator[Path]:
    """Yield the contents of a folder in alphabetical order, without outputs of ganzoo."""
    return (path for path in _everything(folder) if not is_own_output(path))


def _everything(folder: Path) -> list[Path]:
    """Return the contents of a folder in alphabetical order."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}. {ACCESS}") from error


def _reason(path: Path, root: Path) -> str | None:
    """Return the kind of a file that is left alone, "" for an image file, or None for a folder to search."""
    try:
        return _kind(path, root)
    except OSError as error:
        raise DataError(f"cannot look at {path}: {error.strerror}. {ACCESS}") from error


def _kind(path: Path, root: Path) -> str | None:
    if path.name.startswith(".") or path.name in HIDDEN_NAMES:
        return HIDDEN
    if path.is_symlink():
        if not path.exists():
            return BROKEN
        if not path.resolve().is_relative_to(root.resolve()):
            return OUTSIDE
        if path.is_dir():
            return TO_FOLDER
    elif path.is_dir():
        return None
    if path.suffix.lower() not in SUFFIXES:
        return path.suffix.lower() or NO_SUFFIX
    return "" if path.is_file() else SPECIAL
