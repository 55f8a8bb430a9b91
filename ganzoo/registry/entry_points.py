"""Entry points of installed packages, read from the metadata folders next to them.

importlib.metadata reads them too, and supports zip files and import hooks; but it imports the email parser and sockets,
which takes longer than all the rest of `ganzoo list`.
"""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class EntryPoint:
    """A line `name = value` in a distribution's entry_points.txt.

    Attributes:
        name: Name of the entry point.
        value: "module" or "module:attribute".
        distribution: Name of the distribution.
        version: Version of the distribution.
    """

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> Any:
        """Import and return the module or attribute; exceptions of the import pass through."""
        name, _, attribute = self.value.partition(":")
        module = importlib.import_module(name)
        return operator.attrgetter(attribute)(module) if attribute else module


def read(group: str) -> list[EntryPoint]:
    """Return the entry points of a group; of two copies of a distribution, those of the first on sys.path."""
    points: dict[str, list[EntryPoint]] = {}
    for folder in _metadata_folders():
        distribution = folder.stem.rpartition("-")[0] or folder.stem
        if distribution not in points:
            pairs = _read_section(_read_lines(folder / "entry_points.txt"), group)
            points[distribution] = [EntryPoint(*pair, *_read_identity(folder, distribution)) for pair in pairs]
    return [point for group_points in points.values() for point in group_points]


def _metadata_folders() -> Iterator[Path]:
    """Yield NAME-VERSION.dist-info, which pip writes, and NAME.egg-info of older editable installs."""
    for folder in sys.path:
        yield from sorted(Path(folder).glob("*.*-info"))


def _read_lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:  # most distributions have no entry points
        return []


def _read_section(lines: list[str], group: str) -> Iterator[tuple[str, str]]:
    """Yield the (name, value) pairs below [group]."""
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield (
                name.strip(),
                value.partition("[")[0].strip(),
            )  # extras are obsolete


def _read_identity(folder: Path, fallback: str) -> tuple[str, str]:
    """Return name and version from the header of the metadata."""
    header: dict[str, str] = {}
    for line in _read_lines(folder / ("METADATA" if folder.suffix == ".dist-info" else "PKG-INFO")):
        if not line:
            break
        key, _, value = line.partition(":")
        header.setdefault(key.lower(), value.strip())
    return header.get("name", fallback), header.get("version", "")
