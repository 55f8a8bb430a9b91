"""Recipes parsed from TOML or JSON into tables, within bounds of size and depth."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from ganzoo.config import hints
from ganzoo.config.change import is_change
from ganzoo.errors import RecipeError
from ganzoo.utils import git_lfs

Tree = dict[str, Any]
NEEDED = ("dataset", "procedure", "optimizer")
PER_PLAYER = ("optimizer", "schedule")

# Limits that no recipe comes near, and within which parsing, checking and reporting take less than a second.
BYTES = 2**18
DEPTH = 16
ITEMS = 1000  # in one list or table
VALUES = 10_000  # at one depth
LONG_KEY = re.compile(
    rf"""(?<![\w-]) (?: (?: [\w-]++ | "(?:[^"\\\n]|\\.)*+" | '[^'\n]*+' ) [ \t]*+ \. [ \t]*+ ){{{DEPTH}}}""", re.X
)


def parse(text: bytes, suffix: str, origin: str) -> Tree:
    """Parse TOML or JSON bytes into a tree.

    Args:
        text: Content of the file.
        suffix: ".json" for JSON; anything else is read as TOML.
        origin: The file, as messages name it.

    Returns:
        The tables, without the name of an editor's schema.

    Raises:
        RecipeError: When the text cannot be parsed, with the line, or exceeds the limits of a recipe.
    """
    if len(text) > BYTES:
        raise RecipeError(f"{origin}: a recipe is a page of text, {BYTES // 2**10} KiB at most. Is it another file?")
    if git_lfs.is_pointer(text):
        raise RecipeError(f"{origin}: {git_lfs.REMEDY}.")
    if problem := hints.encoding(text):
        raise RecipeError(f"{origin}: cannot be read as {suffix.strip('.').upper()}: {problem}.")
    content = text.decode("utf-8-sig")  # editors of Windows put a mark at the start
    try:
        tree = strict_json(content) if suffix == ".json" else parse_toml(content)
    except (ValueError, RecursionError) as error:  # JSON and TOML errors are ValueErrors
        hint = hints.syntax(content, str(error))
        raise RecipeError(f"{origin}: cannot be read as {suffix.strip('.').upper()}: {error}.{hint}") from error
    if not isinstance(tree, dict):
        raise RecipeError(f"{origin}: a recipe is a set of tables such as [run] and [dataset]")
    if isinstance(tree.get("$schema"), str):
        del tree["$schema"]  # where an editor finds what `ganzoo schema` wrote
    check_bounds(tree, origin)
    return tree


def strict_json(text: bytes | str) -> Any:
    """Parse JSON, refusing duplicate keys and NaN.

    Args:
        text: The JSON text.

    Returns:
        Its value.

    Raises:
        ValueError: When the text is not such JSON.
        RecursionError: When it is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_refuse_duplicates, parse_constant=_refuse_constant)


def parse_toml(text: str) -> Tree:
    """Parse TOML.

    Args:
        text: The TOML text.

    Returns:
        Its tables.

    Raises:
        ValueError: When the text is not TOML, or has a key of more parts than a recipe may have.
        RecursionError: When it is nested too deeply.
    """
    if LONG_KEY.search(text):  # the parser's time grows with the square of a key's parts
        raise ValueError(f"a key of more than {DEPTH} parts")
    return tomllib.loads(text)


def check_bounds(tree: Tree, origin: str) -> None:
    """Check that a tree is no deeper or wider than a recipe may be, and that its integers fit 64 bits.

    Args:
        tree: The tables of a recipe.
        origin: The file, as messages name it.

    Raises:
        RecipeError: When it exceeds a limit.
    """
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


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> Tree:
    tree: Tree = {}
    for key, value in pairs:
        if key in tree:
            raise ValueError(f"the key {key!r} stands twice")
        tree[key] = value
    return tree


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number that a setting can have")


def kind_of(table: str) -> str:
    """Return the kind of a table: [generator_b] is a second generator."""
    return table.partition("_")[0]


def split_players(settings: Tree) -> tuple[Tree, dict[str, Tree]]:
    """Split [optimizer] into the settings of every player and the complete settings of each [optimizer.PLAYER].

    A player's table is laid over the common settings, unless it uses another component. A table in place of a number
    is a setting.
    """
    common = {key: value for key, value in settings.items() if not isinstance(value, dict) or is_change(value)}
    players = {}
    for player, changes in settings.items():
        if player not in common:
            same_component = changes.get("use", common.get("use")) == common.get("use")
            players[player] = {**common, **changes} if same_component else changes
    return common, players


def flat(tree: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value with its path: ("generator.z_dim", 100), and ("regularizer.0.use", ...) in a list of tables."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from flat(value, f"{prefix}.{key}" if prefix else key)
    elif isinstance(tree, list) and any(isinstance(item, dict) for item in tree):
        for k, value in enumerate(tree):
            yield from flat(value, f"{prefix}.{k}")
    else:
        yield prefix, tree
