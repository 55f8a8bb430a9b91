"""`key.path=value` arguments laid over a recipe."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.config.component import signature
from ganzoo.config.parser import DEPTH, kind_of, toml
from ganzoo.errors import GanzooError, RecipeError, one_line, readable
from ganzoo.registry.zoo import Zoo


def override(tree: dict[str, Any], assignments: Iterable[str], zoo: Zoo) -> list[str]:
    """Change `tree` in place; returns remarks.

    A value is TOML, a bare word a string; an item of a list is addressed by its number. A new `use` keeps those
    settings of its table that the new component has too and drops the others, which the remarks name. `run.steps`
    takes the place of `run.epochs`, and the other way round.
    Errors: RecipeError for what is not key.path=value or leads through something that is not a table.
    """
    remarks = []
    pairs = [_split(assignment) for assignment in assignments]
    _choose_length(tree, [path for path, _ in pairs])
    for path, value in sorted(pairs, key=lambda pair: pair[0][-1] != "use"):  # first what, then how
        table = _descend(tree, path)
        if path[-1] == "use" and isinstance(table, dict) and table.get("use", value) != value:
            remarks += _change_component(table, ".".join(path[:-1]), kind_of(path[0]), value, zoo)
        elif isinstance(table, list):
            table[_index(table, path)] = value
        else:
            table[path[-1]] = value
    return remarks


def assignments_of(overrides: Mapping[str, Any]) -> list[str]:
    """{"run.steps": 500} as ["run.steps=500"], for callers from Python."""
    return [f"{key}={as_toml(value)}" for key, value in overrides.items()]


def as_toml(value: Any) -> str:
    """A value as it is written in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML knows the same escapes
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{as_toml(key)} = {as_toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    return str(value)


def _split(assignment: str) -> tuple[list[str], Any]:
    key, equals, text = assignment.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path) or not 2 <= len(path) <= DEPTH:
        raise RecipeError(f"{one_line(assignment)!r}: write table.setting=value, such as run.steps=500")
    try:
        parsed = toml(f"value = {text}")
    except (ValueError, RecursionError):
        return path, text
    return path, parsed["value"] if len(parsed) == 1 else text  # not if a second line brings keys of its own


def _descend(tree: dict[str, Any], path: list[str]) -> Any:
    """The table or list that holds the last key of the path; missing tables are made."""
    place: Any = tree
    for depth, key in enumerate(path[:-1]):
        if isinstance(place, list):
            place = place[_index(place, path[: depth + 1])]
        else:
            place = place.setdefault(key, {})
        if not isinstance(place, (dict, list)):
            raise RecipeError(f"{_dotted(path)}: {_dotted(path[: depth + 1])} is a value, not a table")
    return place


def _index(place: list[Any], path: list[str]) -> int:
    if path[-1] not in map(str, range(len(place))):
        raise RecipeError(f"{_dotted(path)}: give a number from 0 to {len(place) - 1}")
    return int(path[-1])


def _dotted(path: list[str]) -> str:
    return one_line(".".join(path))


def _choose_length(tree: dict[str, Any], paths: list[list[str]]) -> None:
    for wanted, other in (("steps", "epochs"), ("epochs", "steps")):
        if ["run", wanted] in paths and ["run", other] not in paths and isinstance(tree.get("run"), dict):
            tree["run"].pop(other, None)


def _change_component(table: dict[str, Any], where: str, kind: str, use: Any, zoo: Zoo) -> list[str]:
    old, table["use"] = table["use"], use
    try:
        known = signature(zoo.find(kind, use).load())
    except (GanzooError, TypeError, AttributeError):
        return []  # resolving reports the name
    dropped = [key for key in table if key != "use" and not isinstance(table[key], dict) and key not in known.settings]
    for key in dropped:
        del table[key]
    told = f"{where}.use={use}: dropped {', '.join(dropped)}, which belonged to {old}"
    return [readable(told)] if dropped else []
