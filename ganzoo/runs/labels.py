"""Names of runs by the settings in which their recipes differ. Imports neither PyTorch nor pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.config.parser import flat

Settings = Mapping[str, Any]
"""Settings by path: {"loss.use": "ganzoo/hinge", ...}."""
IGNORED_TABLES = ("about", "evaluate", "metric", "extractor")  # they change neither weights nor samples, but patience
IGNORED_SETTINGS = tuple(
    f"run.{setting}" for setting in ("seed", "log", "sample", "beside", "save", "keep", "trackers", "workers")
)


def settings_of(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that training depends on, without the seed.

    Args:
        recipe: The tables of a resolved recipe.

    Returns:
        The settings by path.
    """
    tables = {table: value for table, value in recipe.items() if table not in IGNORED_TABLES}
    ends = {} if patience(recipe) is None else {"evaluate.patience": patience(recipe)}
    return {key: value for key, value in flat(tables) if key not in IGNORED_SETTINGS} | ends


def patience(recipe: Mapping[str, Any]) -> Any:
    """Return `evaluate.patience`, by which a run may have ended before its last step; None without."""
    table = recipe.get("evaluate")
    return table.get("patience") if isinstance(table, dict) else None


def labels(settings: Sequence[Settings]) -> list[str]:
    """Name recipes by the settings in which they differ: "loss.use=hinge", "regularizer=r1+spectral_norm, lr=0.1".

    Where components differ, settings are shown only if recipes with equal components differ in them.

    Args:
        settings: Settings of each recipe, by settings_of() or flat.

    Returns:
        A label for each recipe; "" where none differs.
    """
    keys = dict.fromkeys(key for row in settings for key in row)
    differing = [key for key in keys if any(row.get(key) != settings[0].get(key) for row in settings)]
    tables = dict.fromkeys(_table(key) for key in differing)
    found = []
    for row in settings:
        shown: list[str] = []
        for table in tables:
            uses = [_uses(other, table) for other in settings]
            if any(other != uses[0] for other in uses):
                shown += _component(row, table, several=any(f"{table}.0.use" in other for other in settings))
            alike = [other for other, used in zip(settings, uses, strict=True) if used == _uses(row, table)]
            shown += [
                f"{key}={_short(row[key])}"
                for key in differing
                if _table(key) == table
                and key != table  # an empty list
                and not key.endswith(".use")
                and key in row
                and any(other.get(key) != row[key] for other in alike)
            ]
        found.append(", ".join(shown))
    return found


def _table(key: str) -> str:
    """Return the table of a setting, that of all of them in a list: "regularizer" of "regularizer.0.weight"."""
    table = key.rpartition(".")[0] or key
    head, _, last = table.rpartition(".")
    return head if head and last.isdigit() else table


def _uses(row: Settings, table: str) -> list[str]:
    """Return the components of a table, or of a list of tables in their order."""
    return [value for key, value in row.items() if key.endswith(".use") and _table(key) == table]


def _component(row: Settings, table: str, several: bool) -> list[str]:
    """Return how the components of a table are shown: as they are written on the command line."""
    uses = "+".join(_short(use) for use in _uses(row, table))
    return [f"{table}={uses or 'none'}" if several or not uses else f"{table}.use={uses}"]


def _short(value: Any) -> str:
    return value.removeprefix("ganzoo/") if isinstance(value, str) else json.dumps(value)
