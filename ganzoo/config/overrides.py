"""Overrides of a recipe's settings, as `key.path=value` arguments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ganzoo.config import validation
from ganzoo.config.parser import DEPTH, kind_of, parse_toml
from ganzoo.config.signature import describe, from_object, from_source
from ganzoo.errors import GanzooError, RecipeError, one_line, printable
from ganzoo.registry.zoo import Zoo


def override(tree: dict[str, Any], assignments: Iterable[str], zoo: Zoo) -> list[str]:
    """Change the tables of a recipe in place.

    A new `use` keeps the settings of its table that the new component has too, and drops the others. `run.steps`
    replaces `run.epochs`, and the other way round.

    Args:
        tree: The recipe's tables.
        assignments: `key.path=value`, where a value is TOML, or a bare word for a string. What TOML reads as
            another type, such as 2024, is text for a setting that takes text alone. A number addresses an item
            of a list, and the next one adds a table: regularizer.0.use=r1.
        zoo: The components that a new `use` is looked up in.

    Returns:
        Remarks about the settings that were dropped.

    Raises:
        RecipeError: For what is not `key.path=value`, or leads through something that is not a table.
    """
    remarks = []
    split = [_split(assignment, tree, zoo) for assignment in assignments]
    _choose_unit(tree, [path for path, _, _ in split])
    for path, value, text in sorted(split, key=lambda parts: parts[0][-1] != "use"):  # components before their settings
        table = _descend(tree, path)
        if not isinstance(value, str) and _wants_text(table, path, value, text, zoo):
            value = text
        if path[-1] == "use" and isinstance(table, dict) and table.get("use", value) != value:
            remarks += _change_component(table, ".".join(path[:-1]), kind_of(path[0]), value, zoo)
        elif isinstance(table, list):
            table[_index(table, path)] = value
        else:
            table[path[-1]] = value
    return remarks


def assignments_of(overrides: Mapping[str, Any]) -> list[str]:
    """Return {"run.steps": 500} as ["run.steps=500"]."""
    return [f"{key}={as_toml(value)}" for key, value in overrides.items()]


def as_toml(value: Any) -> str:
    """Return a value as it is written in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML has the same escapes
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{as_toml(key)} = {as_toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    return str(value)


def _split(assignment: str, tree: Mapping[str, Any], zoo: Zoo) -> tuple[list[str], Any, str]:
    """Return the path, the value as TOML reads it, and its text."""
    key, equals, text = assignment.partition("=")
    path = key.strip().split(".")
    if not equals or not all(path) or not 2 <= len(path) <= DEPTH:
        meant = [f"{setting}={text}" for setting in _settings_named(key.strip().lstrip("-"), tree, zoo)] if text else []
        example = f". Did you mean {one_line(' or '.join(meant))}?" if meant else ", such as run.steps=500"
        raise RecipeError(f"{one_line(assignment)!r}: write table.setting=value{example}")
    try:
        parsed = parse_toml(f"value = {text}")
    except (ValueError, RecursionError):
        return path, text, text
    value = parsed["value"] if len(parsed) == 1 else text  # not if a second line brings keys of its own
    return path, value, text.strip()


def _settings_named(name: str, tree: Mapping[str, Any], zoo: Zoo) -> list[str]:
    """Return the settings of a recipe that have this name, with their tables; of a table's name its `use`."""
    if name in tree and isinstance(tree[name], Mapping) and "use" in tree[name]:
        return [f"{name}.use"]
    found = ["run." + name] if name in from_source("ganzoo.config.recipe:RunSettings").settings else []
    for table, content in tree.items():
        try:
            if name in describe(zoo.find(kind_of(table), content["use"])).settings:
                found.append(f"{table}.{name}")
        except (GanzooError, TypeError, KeyError, AttributeError):  # no component, or one that resolving reports
            continue
    return found


def _wants_text(table: Any, path: list[str], value: Any, text: str, zoo: Zoo) -> bool:
    """Tell whether a setting takes the text 2024 and not the number 2024, which TOML reads without quotes."""
    from ganzoo.config.recipe import About, Evaluation, RunSettings  # pydantic, which reading names does without

    if path[-1] == "use":
        return True
    if not isinstance(table, dict):
        return False
    models: dict[str, Any] = {"about": About, "run": RunSettings, "evaluate": Evaluation}
    model = models.get(path[0]) if len(path) == 2 else None
    if "use" in table:
        try:
            model = from_object(zoo.find(kind_of(path[0]), table["use"]).load()).model
        except Exception:  # of any kind, in a stranger's module; resolving reports what is wrong
            return False
    return model is not None and not validation.fits(model, path[-1], value) and validation.fits(model, path[-1], text)


def _descend(tree: dict[str, Any], path: list[str]) -> Any:
    """Return the table or list that holds the last key of the path; missing tables, also of lists, are created."""
    place: Any = tree
    for depth, key in enumerate(path[:-1]):
        if isinstance(place, list):
            if key == str(len(place)):
                place.append({})
            place = place[_index(place, path[: depth + 1])]
        else:
            place = place.setdefault(key, [] if path[depth + 1] == "0" and depth + 2 < len(path) else {})
        if not isinstance(place, (dict, list)):
            raise RecipeError(f"{_dotted(path)}: {_dotted(path[: depth + 1])} is a value, not a table")
    return place


def _index(place: list[Any], path: list[str]) -> int:
    if path[-1] not in map(str, range(len(place))):
        raise RecipeError(f"{_dotted(path)}: give a number from 0 to {len(place) - 1}")
    return int(path[-1])


def _dotted(path: list[str]) -> str:
    return one_line(".".join(path))


def _choose_unit(tree: dict[str, Any], paths: list[list[str]]) -> None:
    """Drop run.epochs when run.steps is set alone, and the other way round."""
    for unit, other in (("steps", "epochs"), ("epochs", "steps")):
        if ["run", unit] in paths and ["run", other] not in paths and isinstance(tree.get("run"), dict):
            tree["run"].pop(other, None)


def _change_component(table: dict[str, Any], where: str, kind: str, use: Any, zoo: Zoo) -> list[str]:
    """Set `use` and drop the settings that the new component does not have."""
    old, table["use"] = table["use"], use
    try:
        settings = describe(zoo.find(kind, use)).settings
    except (GanzooError, TypeError, AttributeError):
        return []  # resolving reports the name
    dropped = [key for key in table if key != "use" and not isinstance(table[key], dict) and key not in settings]
    for key in dropped:
        del table[key]
    remark = f"{where}.use={use}: dropped {', '.join(dropped)}, which belonged to {old}"
    return [printable(remark)] if dropped else []
