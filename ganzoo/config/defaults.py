"""Recipes with every default written out, as a run records them and `ganzoo show` prints them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.config.component import Blueprint, PerPlayer, from_table
from ganzoo.config.parser import NEEDED, PER_PLAYER, Tree, kind_of, split_players
from ganzoo.config.signature import Signature, describe, from_source
from ganzoo.errors import RecipeError
from ganzoo.registry.zoo import Zoo

SETTINGS = {  # tables that hold settings and no component
    "about": "ganzoo.config.recipe:About",
    "run": "ganzoo.config.recipe:RunSettings",
    "evaluate": "ganzoo.config.recipe:Evaluation",
}


def write_out(tables: Mapping[str, Any]) -> Tree:
    """Replace each blueprint by its full name, its settings and its defaults.

    Args:
        tables: By table, a Blueprint, a list of them, a PerPlayer or plain settings. What is None is left out.

    Returns:
        The tables as JSON holds them.
    """
    written: Tree = {}
    for table, content in tables.items():
        if isinstance(content, (Blueprint, PerPlayer)):
            written[table] = content.filled()
        elif isinstance(content, list):
            written[table] = [blueprint.filled() for blueprint in content]
        elif content is not None:
            written[table] = {name: value for name, value in content.items() if value is not None}
    return written


def fill(tree: Tree, zoo: Zoo) -> Tree:
    """Return a tree with every default written out, as Recipe.resolved() has them, without importing components.

    Args:
        tree: The recipe's tables; types of values are not checked.
        zoo: The components that names are looked up in.

    Returns:
        The tables as JSON holds them.

    Raises:
        GanzooError: For the first missing or unknown name; resolve() lists all of them.
    """
    if missing := [table for table in NEEDED if table not in tree]:
        raise RecipeError(f"tables are missing: {', '.join(missing)}")
    tables: dict[str, Any] = {}
    for table, target in SETTINGS.items():
        signature = from_source(target)
        _check_names(table, signature, tree.get(table, {}))
        settings = {**signature.defaults(), **tree.get(table, {})}
        if table == "run" or settings != signature.defaults():
            tables[table] = settings
    for table, content in tree.items():
        if table not in SETTINGS:
            tables[table] = _blueprints(kind_of(table), content, zoo)
    return write_out(tables)


def upgrade_resolved(resolved: Tree, zoo: Zoo) -> Tree:
    """Return a recipe that an earlier version resolved, in today's spelling.

    Only tables that a component's `upgrade` rewrites get the defaults of today. All others stay as written: a default
    that is new or has changed since says nothing about the earlier run.

    Args:
        resolved: The tables of resolved.json.
        zoo: The components that names are looked up in.

    Returns:
        The tables as JSON holds them.

    Raises:
        GanzooError: A component is not there, or its `upgrade` refuses its table.
    """
    return {
        table: content if table in SETTINGS else _upgrade_content(kind_of(table), content, zoo)
        for table, content in resolved.items()
    }


def _upgrade_content(kind: str, content: Any, zoo: Zoo) -> Any:
    if isinstance(content, list):
        return [_upgrade_table(kind, table, zoo) for table in content]
    if kind in PER_PLAYER and isinstance(content, dict):
        common, players = split_players(content)
        others = {player: _upgrade_table(kind, table, zoo) for player, table in players.items()}
        return {**_upgrade_table(kind, common, zoo), **others}
    return _upgrade_table(kind, content, zoo)


def _upgrade_table(kind: str, table: Any, zoo: Zoo) -> dict[str, Any]:
    blueprint = from_table(kind, table, zoo)
    same = {"use": blueprint.entry.full_name, **blueprint.settings} == table
    return dict(table) if same else blueprint.filled()


def _blueprints(kind: str, content: Any, zoo: Zoo) -> Blueprint | list[Blueprint] | PerPlayer:
    if kind in PER_PLAYER and isinstance(content, dict):
        common, players = split_players(content)
        others = {player: _blueprint(kind, settings, zoo) for player, settings in players.items()}
        return PerPlayer(_blueprint(kind, common, zoo), others)
    if isinstance(content, list):
        return [_blueprint(kind, table, zoo) for table in content]
    return _blueprint(kind, content, zoo)


def _blueprint(kind: str, table: Any, zoo: Zoo) -> Blueprint:
    blueprint = from_table(kind, table, zoo)
    _check_names(blueprint.entry.full_name, describe(blueprint.entry), blueprint.settings)
    return blueprint


def _check_names(owner: str, signature: Signature, settings: Any) -> None:
    if not isinstance(settings, Mapping):
        raise RecipeError(f"{owner} should be a table")
    missing = {*signature.required()} - {*settings}
    if wrong := missing | {*settings} - {*signature.settings}:
        raise RecipeError(f"{owner}: missing or unknown settings {', '.join(sorted(wrong))}")
