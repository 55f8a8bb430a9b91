"""Components that this process has registered itself, without a package: in a notebook or a script."""

from __future__ import annotations

from typing import Any

from ganzoo.registry.zoo import KINDS, Entry, Zoo

PYTHON = "python"  # owner of the components that are given or registered in Python
PLUGIN = f"{PYTHON}/registered"  # name of the plugin that holds the registered ones
_entries: dict[tuple[str, str], Entry] = {}


def add(kind: str, name: str, target: Any, summary: str = "", paper: str = "") -> None:
    """Register a component in this process. An earlier one of the same kind and name is replaced.

    Args:
        kind: One of KINDS.
        name: Lower-case name.
        target: What builds the component, as for Zoo.add().
        summary: One line for `ganzoo list`.
        paper: URL or arXiv id.

    Raises:
        ValueError: The kind, the name or a text is malformed, or the name is one of those that objects get which have
            no name.
    """
    zoo = Zoo(owner=PYTHON)
    zoo.add(kind, name, target, summary=summary, paper=paper)
    if is_of_an_object(name):
        raise ValueError(f"{kind} name {name!r}: objects without a name are called so; choose another one")
    (entry,) = zoo
    _entries[kind, name] = entry


def is_of_an_object(name: str) -> bool:
    """Return True for a name that an object given in Python has: its table, "generator" or "regularizer-0"."""
    return name.partition("-")[0].partition("_")[0] in KINDS


def zoo() -> Zoo:
    """Return the components that are registered now."""
    registered = Zoo(owner=PYTHON)
    registered.extend(_entries.values())
    return registered


def clear() -> None:
    """Forget all registered components."""
    _entries.clear()
