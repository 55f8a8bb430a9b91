"""Entry points of installed packages, read from the folders that installers leave beside them.

importlib.metadata would do it, and knows zip files and import hooks besides; but it brings the mail parser and sockets
along, and importing those takes longer than all the rest of `ganzoo list`.
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
    """`name = value` in a distribution's entry_points.txt. The value is "module" or "module:attribute"."""

    name: str
    value: str
    distribution: str
    version: str

    def load(self) -> Any:
        """The module or attribute. Errors: whatever importing it raises."""
        module, _, attribute = self.value.partition(":")
        found = importlib.import_module(module)
        return operator.attrgetter(attribute)(found) if attribute else found


def entry_points(group: str) -> list[EntryPoint]:
    """Everybody's entry points of a group; of two copies of a distribution, those of the first on sys.path."""
    points: dict[str, list[EntryPoint]] = {}
    for info in _infos():
        distribution = info.stem.rpartition("-")[0] or info.stem
        if distribution not in points:
            lines = _section(_lines(info / "entry_points.txt"), group)
            points[distribution] = [EntryPoint(*line, *_identity(info, distribution)) for line in lines]
    return [point for own in points.values() for point in own]


def _infos() -> Iterator[Path]:
    """NAME-VERSION.dist-info, as pip leaves it, and NAME.egg-info of older editable installs."""
    for folder in sys.path:
        yield from sorted(Path(folder).glob("*.*-info"))


def _lines(file: Path) -> list[str]:
    try:
        return [line.strip() for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:  # most distributions have no entry points
        return []


def _section(lines: list[str], group: str) -> Iterator[tuple[str, str]]:
    """The (name, value) pairs below [group]."""
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line == f"[{group}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()  # module [extra]: extras mean nothing any more


def _identity(info: Path, fallback: str) -> tuple[str, str]:
    """Name and version from the metadata's head."""
    head: dict[str, str] = {}
    for line in _lines(info / ("METADATA" if info.suffix == ".dist-info" else "PKG-INFO")):
        if not line:
            break
        key, _, value = line.partition(":")
        head.setdefault(key.lower(), value.strip())
    return head.get("name", fallback), head.get("version", "")
