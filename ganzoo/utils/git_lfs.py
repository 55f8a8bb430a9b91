"""Pointers of Git LFS, which a clone holds in place of large files until they are fetched."""

from __future__ import annotations

from pathlib import Path

BEGINNING = b"version https://git-lfs.github.com/spec/"
REMEDY = "it is a pointer of Git LFS, not the file itself. Fetch it: `git lfs pull` in its repository"


def is_pointer(content: bytes) -> bool:
    """Return True for the content of a pointer, or the beginning of one."""
    return content.startswith(BEGINNING)


def pointer_remedy(path: Path) -> str:
    """Tell whether a file that cannot be read is a pointer of Git LFS, for the message about it.

    Args:
        path: A regular file.

    Returns:
        What it is and how to fetch the file, without a full stop; "" for anything else.
    """
    try:
        with path.open("rb") as file:
            return REMEDY if is_pointer(file.read(len(BEGINNING))) else ""
    except OSError:  # whoever reads it says why it cannot be read
        return ""
