"""The recipe that a run trained: its file, and what was changed when it was started or resumed."""

from __future__ import annotations

import copy
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config import parser, resolver
from ganzoo.config.overrides import as_toml
from ganzoo.config.parser import Tree
from ganzoo.config.toml_writer import to_toml
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run


@dataclass(frozen=True)
class Change:
    """A setting that differs from the recipe file.

    Attributes:
        setting: Its path, such as "generator.width".
        value: The value that the run has.
        given: The value of the file; its default where the file has none; "" where there is no such setting.
    """

    setting: str
    value: str
    given: str


@dataclass(frozen=True)
class RecipeThatRan:
    """The recipe of a run.

    Attributes:
        text: The file as it is where nothing was changed; otherwise its tables with the changes, without comments.
        changes: The settings that differ from the file.
    """

    text: str
    changes: tuple[Change, ...] = ()


def read(run: Run) -> RecipeThatRan:
    """Return the recipe that a run trained; the file alone where it cannot be read any more."""
    name, content = run.recipe_as_given
    text = content.decode(errors="replace")
    try:
        tree = parser.parse(content, Path(name).suffix, "the recipe")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on former names: the run has read them already
            resolved = resolver.resolve(copy.deepcopy(tree), discovery.load().zoo, "the recipe", name="").resolved()
    except (GanzooError, ValueError):
        return RecipeThatRan(text)
    given, ran = _flat(resolved), _flat(run.resolved["recipe"])
    changed = {path: value for path, value in ran.items() if path not in given or given[path] != value}
    changed |= {path: None for path, _ in parser.flat(tree) if path not in ran and path in given}
    if not changed:
        return RecipeThatRan(text)
    changes = [
        Change(path, "" if value is None else as_toml(value), as_toml(given[path]) if path in given else "")
        for path, value in changed.items()
    ]
    try:
        for path, value in changed.items():
            _put(tree, path.split("."), value)
    except (ValueError, LookupError, TypeError, AttributeError):  # a key with a dot in it
        return RecipeThatRan(text, tuple(changes))
    return RecipeThatRan(to_toml(tree), tuple(changes))


def _flat(tree: Tree) -> dict[str, Any]:
    """Return the settings by path, as JSON holds them, with the short names of ganzoo's own components."""
    pairs = parser.flat(json.loads(json.dumps(tree)))
    return {path: value.removeprefix("ganzoo/") if isinstance(value, str) else value for path, value in pairs}


def _put(tree: Any, path: list[str], value: Any) -> None:
    """Set a value in the tables of a recipe; None removes it."""
    for part in path[:-1]:
        if isinstance(tree, list):
            k = int(part)
            tree.extend({} for _ in range(k + 1 - len(tree)))
            tree = tree[k]
        else:
            tree = tree.setdefault(part, {})
    if value is None:
        tree.pop(path[-1], None)
    else:
        tree[path[-1]] = value
