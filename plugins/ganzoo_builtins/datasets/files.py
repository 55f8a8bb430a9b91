"""Search for image files and class folders below a folder. Links to files outside of it are ignored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ganzoo import DataError, is_own_output
from ganzoo_builtins.datasets.image_decoder import SUFFIXES

HIDDEN = ("@eaDir", "__MACOSX")  # created by NAS devices and by macOS; names that begin with a dot are hidden too

SHOWN = 3  # outputs of ganzoo that a remark names

Example = tuple[Path, int]
"""An image file and its label."""


def list_examples(root: Path, class_names: Sequence[str]) -> list[Example]:
    """List the image files with their labels.

    Args:
        root: The folder.
        class_names: Names of the class folders, or none if all images have one class.

    Returns:
        Image files and labels, in alphabetical order of each class.

    Raises:
        DataError: A class has no images, or images lie next to the class folders.
    """
    classes = [root / name for name in class_names] or [root]
    if class_names and (loose := [path for path in _visible(root) if _is_image(path)]):
        raise DataError(f"{loose[0]} lies next to class folders. Move it into one of them.")
    listed: list[Example] = []
    for label, folder in enumerate(classes):
        members = [(path, label) for path in image_files(folder, root)]
        if not members:
            remedy = f"Put some there ({', '.join(SUFFIXES)})" + (", or remove it." if class_names else ".")
            raise DataError(f"no images in {folder}. {remedy}")
        listed += members
    return listed


def image_files(folder: Path, root: Path) -> Iterator[Path]:
    """Yield the image files in a folder and its subfolders, except links to files outside the root."""
    for path in _visible(folder):
        if path.is_dir() and not path.is_symlink():
            yield from image_files(path, root)
        elif _is_image(path) and path.resolve().is_relative_to(root.resolve()):
            yield path


def subfolders(root: Path) -> list[Path]:
    """Return the subfolders of a folder, without hidden ones, links, and folders that hold outputs of ganzoo alone."""
    return [path for path in _visible(root) if path.is_dir() and not path.is_symlink() and not _holds_outputs(path)]


def own_outputs(root: Path) -> Iterator[Path]:
    """Yield what ganzoo wrote below a folder: runs, exports and samples, which are no data."""
    for path in _listed(root):
        if is_own_output(path):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from own_outputs(path)


def _holds_outputs(folder: Path) -> bool:
    """Tell whether a folder holds outputs of ganzoo and no image besides."""
    return next(image_files(folder, folder), None) is None and next(own_outputs(folder), None) is not None


def outputs_remark(root: Path) -> list[str]:
    """Return a remark about the outputs of ganzoo below a folder, or nothing."""
    names = [str(path.relative_to(root)) for path in own_outputs(root)]
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    return [f"left out what ganzoo wrote below {root}, which is no data: {shown}"] if names else []


def _visible(folder: Path) -> Iterator[Path]:
    """Yield the contents of a folder in alphabetical order, without hidden files and outputs of ganzoo."""
    return (path for path in _listed(folder) if not is_own_output(path))


def _listed(folder: Path) -> list[Path]:
    """Return the contents of a folder in alphabetical order, without hidden files."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name not in HIDDEN)
    except OSError as error:
        raise DataError(f"cannot list {folder}: {error.strerror}. Change its permissions, or remove it.") from error


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file()
