"""A recipe's tables: read from TOML or JSON, and filled in with defaults, without importing a component."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from ganzoo.config.signature import describe, read
from ganzoo.config.upgrade import upgraded
from ganzoo.errors import RecipeError
from ganzoo.registry.zoo import Zoo

Tree = dict[str, Any]
NEEDED = ("dataset", "procedure", "optimizer")
PER_PLAYER = ("optimizer", "schedule")

# More than any recipe needs, and little enough to be read, checked and told about within a second.
BYTES = 2**18
DEPTH = 16
ITEMS = 1000  # in one list or table
VALUES = 10_000  # side by side at one depth
LONG_KEY = re.compile(
    rf"""(?<![\w-]) (?: (?: [\w-]++ | "(?:[^"\\\n]|\\.)*+" | '[^'\n]*+' ) [ \t]*+ \. [ \t]*+ ){{{DEPTH}}}""", re.X
)


def parse(text: bytes, suffix: str, origin: str) -> Tree:
    """TOML or JSON bytes as a tree. Errors: RecipeError with the parser's line, or for what no recipe needs."""
    if len(text) > BYTES:
        raise RecipeError(f"{origin}: a recipe is a page of text, {BYTES // 2**10} KiB at most. Is it another file?")
    try:
        if suffix == ".json":
            tree = strict_json(text)
        else:
            tree = toml(text.decode("utf-8-sig"))  # editors of Windows put a mark at the start
    except (ValueError, RecursionError) as error:  # JSON, TOML and Unicode errors are all ValueErrors
        raise RecipeError(f"{origin}: cannot be read as {suffix.strip('.').upper()}: {error}") from error
    if not isinstance(tree, dict):
        raise RecipeError(f"{origin}: a recipe is a set of tables such as [run] and [dataset]")
    if isinstance(tree.get("$schema"), str):
        del tree["$schema"]  # where an editor finds what `ganzoo schema` wrote
    check_bounds(tree, origin)
    return tree


def strict_json(text: bytes) -> Any:
    """JSON without a key that stands twice, and without NaN. Errors: ValueError; RecursionError for too deep a text."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)


def toml(text: str) -> Tree:
    """Errors: ValueError; RecursionError for lists within lists within lists."""
    if LONG_KEY.search(text):  # the parser's time grows with the square of a key's parts
        raise ValueError(f"a key of more than {DEPTH} parts")
    return tomllib.loads(text)


def check_bounds(tree: Tree, origin: str) -> None:
    """Errors: RecipeError for a tree deeper or wider than any recipe, or a number that no setting can hold."""
    level: list[Any] = [tree]
    for _ in range(DEPTH):
        inner: list[Any] = []
        for value in level:
            if isinstance(value, (dict, list)):
                if len(value) > ITEMS:
                    raise RecipeError(f"{origin}: {len(value)} items in one table or list: at most {ITEMS} have a use.")
                inner += value.values() if isinstance(value, dict) else value
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise RecipeError(f"{origin}: a whole number of more than 64 bits, which no setting can hold.")
        if len(inner) > VALUES:
            raise RecipeError(f"{origin}: {len(inner)} values: a recipe has {VALUES} at most.")
        level = inner
    if level:
        raise RecipeError(f"{origin}: tables or lists within each other, more than {DEPTH} deep: no setting is.")


def _unique(pairs: list[tuple[str, Any]]) -> Tree:
    tree: Tree = {}
    for key, value in pairs:
        if key in tree:
            raise ValueError(f"the key {key!r} stands twice")
        tree[key] = value
    return tree


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number that a setting can have")


def kind_of(table: str) -> str:
    """[generator_b] is a second generator."""
    return table.partition("_")[0]


def by_player(settings: Tree) -> tuple[Tree, dict[str, Tree]]:
    """What [optimizer] says for every player, and for each [optimizer.PLAYER] all that holds for that one."""
    everyone = {key: value for key, value in settings.items() if not isinstance(value, dict)}
    players = {}
    for player, changes in settings.items():
        if isinstance(changes, dict):
            same = changes.get("use", everyone.get("use")) == everyone.get("use")
            players[player] = {**everyone, **changes} if same else changes
    return everyone, players


def fill(tree: Tree, zoo: Zoo) -> Tree:
    """Every default written out and every name in full, like Recipe.resolved(), but with types unchecked.

    Errors: GanzooError for what is missing or unknown; resolve() is the one that lists all of it.
    """
    if missing := [table for table in NEEDED if table not in tree]:
        raise RecipeError(f"tables are missing: {', '.join(missing)}")
    run = _settings("run", read("ganzoo.config.recipe:RunSettings").settings, tree.get("run", {}))
    about = _settings("about", read("ganzoo.config.recipe:About").settings, tree.get("about", {}))
    evaluate = _settings("evaluate", read("ganzoo.config.recipe:Evaluation").settings, tree.get("evaluate", {}))
    filled: Tree = {"about": about} if any(about.values()) else {}
    filled["run"] = {name: value for name, value in run.items() if value is not None}
    for table, given in tree.items():
        kind = kind_of(table)
        if kind in PER_PLAYER and isinstance(given, dict):
            everyone, players = by_player(given)
            filled[table] = _component(kind, everyone, zoo)
            filled[table] |= {player: _component(kind, settings, zoo) for player, settings in players.items()}
        elif isinstance(given, list):
            filled[table] = [_component(kind, one, zoo) for one in given]
        elif table == "evaluate":
            filled[table] = {name: value for name, value in evaluate.items() if value is not None}
        elif table not in ("about", "run"):
            filled[table] = _component(kind, given, zoo)
    return filled


def flat(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested tables -> ("generator.z_dim", 100) and so on; of a list of tables ("regularizer.0.use", ...)."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from flat(value, f"{prefix}.{key}" if prefix else key)
    elif isinstance(tree, list) and any(isinstance(item, dict) for item in tree):
        for k, value in enumerate(tree):
            yield from flat(value, f"{prefix}.{k}")
    else:
        yield prefix, tree


def _component(kind: str, given: Any, zoo: Zoo) -> Tree:
    if not isinstance(given, dict) or not isinstance(given.get("use"), str):
        raise RecipeError(f'{kind} needs use = "NAME"')
    entry, own = upgraded(kind, given, zoo)
    return {"use": entry.full_name, **_settings(entry.full_name, describe(entry).settings, own)}


def _settings(owner: str, known: dict[str, Any], given: Any) -> Tree:
    """The defaults of `known` with `given` laid over them."""
    if not isinstance(given, dict):
        raise RecipeError(f"{owner} should be a table")
    defaults = {name: setting["default"] for name, setting in known.items() if "default" in setting}
    if wrong := {*given} - {*known} | {*known} - {*defaults} - {*given}:
        raise RecipeError(f"{owner}: missing or unknown settings {', '.join(sorted(wrong))}")
    return {**defaults, **given}
