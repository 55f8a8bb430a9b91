"""Overrides of a recipe's settings, as `key.path=value` arguments, and of its components, as `regularizer+=r1`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from ganzoo.config import validation
from ganzoo.config.parser import DEPTH, kind_of, parse_toml
from ganzoo.config.signature import describe, from_source, is_list_of_parts, loaded
from ganzoo.errors import GanzooError, RecipeError, did_you_mean, one_line, printable
from ganzoo.registry.zoo import KINDS, Zoo

NONE = "none"  # takes a table out: schedule=none
REPEATED = ("regularizer", "augmentation", "metric")  # tables that are lists in any recipe
OPTIONAL = ("about", "evaluate")  # tables that hold no component, and can be taken out


class Assignment(NamedTuple):
    """An override.

    Attributes:
        path: The keys that lead to a setting, or the name of a table alone.
        operator: "" to set a value, "+" to add components to a list of tables, "-" to take them out.
        value: The value, as TOML reads it.
        text: The value, as it was written.
    """

    path: list[str]
    operator: str
    value: Any
    text: str

    def __str__(self) -> str:
        return one_line(f"{'.'.join(self.path)}{self.operator}={self.text}")


def override(tree: dict[str, Any], assignments: Iterable[str], zoo: Zoo) -> list[str]:
    """Change the tables of a recipe in place.

    A new `use` keeps the settings of its table that the new component has too, and drops the others. `run.steps`
    replaces `run.epochs`, and the other way round. Tables are put in and taken out first, then come new components,
    then settings, each in the order given.

    Args:
        tree: The recipe's tables.
        assignments: `key.path=value`, where a value is TOML, or a bare word for a string. What TOML reads as
            another type, such as 2024, is text for a setting that takes text alone. A number addresses an item
            of a list, and so does the name of a component; the next number adds a table: regularizer.0.use=r1.
            `table=NAME` sets the component of a table, or all of a list of tables, `NAME+NAME`; `table=none` takes the
            table out; `table+=NAME` and `table-=NAME` change a list.
        zoo: The components that a new `use` is looked up in.

    Returns:
        Remarks about the settings that were dropped.

    Raises:
        RecipeError: For what is not `key.path=value`, or leads through something that is not a table.
    """
    remarks = []
    split = [_split(assignment, tree, zoo) for assignment in assignments]
    _choose_unit(tree, [assignment.path for assignment in split])
    for assignment in split:
        if len(assignment.path) == 1:
            remarks += _change_table(tree, assignment, zoo)
    settings = [assignment for assignment in split if len(assignment.path) > 1]
    for path, _, value, text in sorted(settings, key=lambda one: one.path[-1] != "use"):  # components come first
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
    """Return {"run.steps": 500} as ["run.steps=500"], and {"schedule": None} as ["schedule=none"].

    Args:
        overrides: Values by the path of their setting, components by the name of their table.

    Returns:
        Assignments, as override() takes them.

    Raises:
        RecipeError: A setting is None.
    """
    for key, value in overrides.items():
        if value is None and "." in key:
            raise RecipeError(f"{key}: None takes a whole table out, such as schedule. Leave this setting out instead.")
    return [f"{key}={NONE if value is None else as_toml(value)}" for key, value in overrides.items()]


def table_of(assignment: str) -> str:
    """Return the table that an override changes: "regularizer" of regularizer+=r1, "run" of run.steps=500."""
    return re.split(r"[.=]|\+=|-=", assignment, maxsplit=1)[0].strip()


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


def _split(assignment: str, tree: Mapping[str, Any], zoo: Zoo) -> Assignment:
    key, equals, text = assignment.partition("=")
    operator = key[-1:] if key[-1:] in ("+", "-") else ""
    path = key.removesuffix(operator).strip().split(".")
    if not equals or not all(path) or not 1 <= len(path) <= DEPTH or (len(path) > 1 and operator):
        raise _malformed(assignment, tree, zoo)
    try:
        parsed = parse_toml(f"value = {text}")
    except (ValueError, RecursionError):
        return Assignment(path, operator, text, text)
    value = parsed["value"] if len(parsed) == 1 else text  # not if a second line brings keys of its own
    return Assignment(path, operator, value, text.strip())


def _change_table(tree: dict[str, Any], assignment: Assignment, zoo: Zoo) -> list[str]:
    """Put components into a table or a list of tables, or take them out."""
    (table,), operator, value, _ = assignment
    kind = kind_of(table)
    if kind not in KINDS and not (table in OPTIONAL and value == NONE):
        raise _malformed(str(assignment), tree, zoo)
    if operator == "" and value == NONE:
        tree.pop(table, None)
        return []
    if not _is_list(tree, table, zoo):
        if operator:
            raise RecipeError(
                f"{str(assignment)!r}: [{table}] is one table, not a list: write {table}=NAME, or {table}=none."
            )
        return _set_component(tree, assignment, kind, zoo)
    present = tree.get(table, [])
    if not isinstance(present, list):
        raise RecipeError(f"{str(assignment)!r}: the recipe has [{table}], which should be [[{table}]].")
    if operator == "-":
        tree[table] = _without(present, assignment, zoo)
    else:
        given = _components(assignment, [] if operator else present, zoo)
        tree[table] = [*present, *given] if operator else given
    if not tree[table]:
        del tree[table]
    return []


def _is_list(tree: dict[str, Any], table: str, zoo: Zoo) -> bool:
    """Tell whether a recipe has any number of a table."""
    if table in tree:
        return isinstance(tree[table], list) or kind_of(table) in REPEATED
    try:
        part = describe(zoo.find("procedure", tree["procedure"]["use"])).parts.get(table)
    except Exception:  # of any kind, in a stranger's module; resolving reports what is wrong
        part = None
    return kind_of(table) in REPEATED if part is None else is_list_of_parts(part)


def _set_component(tree: dict[str, Any], assignment: Assignment, kind: str, zoo: Zoo) -> list[str]:
    """Set the component of a single table, which keeps the settings that the new one shares."""
    (table,), _, value, text = assignment
    if isinstance(value, dict):
        tree[table] = value
        return []
    name = value if isinstance(value, str) else text
    present = tree.setdefault(table, {"use": name})
    if not isinstance(present, dict):
        raise RecipeError(f"{str(assignment)!r}: {table} is no table in this recipe: correct the file")
    if present.setdefault("use", name) == name:
        return []
    return _change_component(present, table, kind, name, zoo)


def _components(assignment: Assignment, present: list[Any], zoo: Zoo) -> list[dict[str, Any]]:
    """Return the tables that a value stands for: "r1", "r1+spectral_norm", {use = "r1"}, or a list of these.

    A name stands for the table that is present of its component, with its settings, if there is one.
    """
    value, (table,) = assignment.value, assignment.path
    given = value if isinstance(value, list) else [value]
    tables: list[dict[str, Any]] = []
    for one in given:
        names = [part.strip() for part in one.split("+")] if isinstance(one, str) else []
        if isinstance(one, dict):
            tables.append(one)
        elif names and all(names):
            for name in names:
                same = (item for item in present if _is_of(item, name, kind_of(table), zoo))
                tables.append(dict(next(same, {"use": name})))
        else:
            raise RecipeError(
                f"{str(assignment)!r}: give names, such as {table}{assignment.operator}=NAME or NAME+NAME; see "
                f"`ganzoo list {kind_of(table)}`"
            )
    return tables


def _without(present: list[Any], assignment: Assignment, zoo: Zoo) -> list[Any]:
    """Return a list of tables without those that an assignment takes out."""
    (table,), _, value, _ = assignment
    left = [*present]
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, int) and not isinstance(one, bool):
            del left[_index(left, [table, str(one)])]
            continue
        for name in str(one).split("+"):
            remaining = [item for item in left if not _is_of(item, name.strip(), kind_of(table), zoo)]
            if len(remaining) == len(left):
                names = ", ".join(str(item.get("use")) for item in left if isinstance(item, dict)) or "none"
                raise RecipeError(f"{str(assignment)!r}: the recipe has no such {kind_of(table)}. It has: {names}.")
            left = remaining
    return left


def _is_of(table: Any, name: str, kind: str, zoo: Zoo) -> bool:
    """Tell whether a table uses the component of this name, however either is spelt."""
    use = table.get("use") if isinstance(table, dict) else None
    if use == name:
        return True
    try:
        return isinstance(use, str) and zoo.find(kind, use) == zoo.find(kind, name)
    except GanzooError:
        return False


def _malformed(assignment: str, tree: Mapping[str, Any], zoo: Zoo) -> RecipeError:
    """Return the error of an override that names no setting and no table, with those that it may mean."""
    key, _, text = assignment.partition("=")
    name = key.rstrip("+-").strip().lstrip("-")
    meant = [f"{setting}={text}" for setting in _settings_named(name, tree, zoo)] if text else []
    example = f". Did you mean {one_line(' or '.join(meant))}?" if meant else ", such as run.steps=500"
    guess = "" if meant else did_you_mean(name, KINDS)
    return RecipeError(f"{one_line(assignment)!r}: write table.setting=value{example}{guess and '.' + guess}")


def _settings_named(name: str, tree: Mapping[str, Any], zoo: Zoo) -> list[str]:
    """Return the settings of a recipe that have this name, with their tables."""
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
            model = loaded(zoo.find(kind_of(path[0]), table["use"])).model
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
    """Return the index of an item of a list, which its number or the name of its component tells."""
    if path[-1] in map(str, range(len(place))):
        return int(path[-1])
    names = [str(item["use"]) for item in place if isinstance(item, dict) and "use" in item]
    found = [k for k, name in enumerate(names) if path[-1] in (name, name.rpartition("/")[2])]
    if len(found) == 1 and len(names) == len(place):
        return found[0]
    several = f", since several are named {path[-1]}" if len(found) > 1 else ""
    by_name = f", or a name: {', '.join(names)}" if names and not several else ""
    raise RecipeError(f"{_dotted(path)}: give a number from 0 to {len(place) - 1}{by_name}{several}")


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
