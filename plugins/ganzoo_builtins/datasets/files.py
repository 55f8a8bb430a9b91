"""Search for image files and class folders in a tree of files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ganzoo import DataError
from ganzoo_builtins.datasets.image_decoder import SUFFIXES
from ganzoo_builtins.datasets.left_alone import OUTSIDE, LeftAlone
from ganzoo_builtins.datasets.trees import Tree

SHOWN = 3  # outputs of ganzoo that a remark names


@dataclass
class Listing:
    """The image files of a tree.

    Attributes:
        names: Paths of the files below the root, in alphabetical order of each class.
        labels: The class of each file; empty if there are no classes.
        left: Count of the other files.
    """

    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    left: LeftAlone = field(default_factory=LeftAlone)


def list_examples(tree: Tree, class_names: Sequence[str], read: str = "") -> Listing:
    """List the image files with their labels.

    Args:
        tree: The files.
        class_names: Names of the class folders, or none if all images have one class.
        read: Name of a file in the root that is read otherwise, such as one of labels.

    Returns:
        Image files and labels, in alphabetical order of each class; and the count of other files.

    Raises:
        DataError: A class has no images, or images lie next to the class folders.
    """
    listing = Listing()
    for name, kind in tree.members("") if class_names else ():
        if kind == "":
            raise DataError(f"{tree.shown(name)} lies next to class folders. Move it into one of them.")
        if kind:
            listing.left.add(name, kind)
    for label, folder in enumerate(class_names or [""]):
        left = LeftAlone(read)
        before = len(listing.names)
        listing.names.extend(image_files(tree, folder, left))
        if len(listing.names) == before:
            raise no_images(tree.shown(folder), left, ", or remove it." if class_names else ".")
        if class_names:
            listing.labels.extend([label] * (len(listing.names) - before))
        listing.left.add_all(left)
    return listing


def no_images(folder: str, left: LeftAlone, end: str) -> DataError:
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


def image_files(tree: Tree, folder: str, left: LeftAlone) -> Iterator[str]:
    """Yield the image files in a folder and its subfolders.

    Args:
        tree: The files.
        folder: Path of the folder below the root.
        left: Where files that are left alone are counted.

    Yields:
        Paths of the files below the root, in alphabetical order.
    """
    for name, kind in tree.members(folder):
        if kind is None:
            yield from image_files(tree, name, left)
        elif kind:
            left.add(name, kind)
        else:
            yield name


def subfolders(tree: Tree) -> list[str]:
    """Return the names of the folders in the root, without hidden ones, links, and those of ganzoo's outputs alone."""
    return [name for name in tree.folders() if not _holds_outputs(tree, name)]


def _holds_outputs(tree: Tree, folder: str) -> bool:
    """Tell whether a folder holds outputs of ganzoo and no image besides."""
    if next(image_files(tree, folder, LeftAlone()), None) is not None:
        return False
    return any(name.startswith(f"{folder}/") for name in tree.outputs)


def outputs_remark(tree: Tree) -> list[str]:
    """Return a remark about the outputs of ganzoo that were met in a tree, or nothing."""
    names = sorted(tree.outputs)
    shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    return [f"left out what ganzoo wrote below {tree.place}, which is no data: {shown}"] if names else []
