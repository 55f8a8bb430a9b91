"""The recipes of a new package: between them they use every component of it, and built-in ones for the rest."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ganzoo.scaffold.names import Names

SEVERAL = ("regularizer", "metric")  # tables of which a recipe has any number
ALONE = ("procedure", "encoder", "transform")  # kinds that have a recipe to themselves


@dataclass(frozen=True)
class Recipe:
    """`title` is the first line of its header; `tables` are "[loss]" and its settings, in their order."""

    name: str
    title: str
    steps: int
    batch_size: int
    tables: list[tuple[str, dict[str, Any]]]


def recipes(names: Names, kinds: Collection[str]) -> list[Recipe]:
    """One for each procedure that the kinds need; the first is called like the package's components."""
    known = tomllib.loads(resources.files("ganzoo.scaffold").joinpath("templates/recipes.toml").read_text())
    alone = [kind for kind in ALONE if kind in kinds]
    used = {own for kind in alone for own in known[kind]["own"]}
    needed = alone if alone and set(kinds) <= used else ["adversarial", *alone]
    return [
        Recipe(
            name=names.component if i == 0 else f"{names.component}_{kind}",
            title=f"{names.title}: {known[kind]['title']}.",
            steps=known[kind]["steps"],
            batch_size=known[kind]["batch_size"],
            tables=_tables(known[kind], known["judged"], names, kinds),
        )
        for i, kind in enumerate(needed)
    ]


def _tables(
    known: dict[str, Any], judged: dict[str, Any], names: Names, kinds: Collection[str]
) -> list[tuple[str, dict[str, Any]]]:
    mine = [kind for kind in known["own"] if kind in kinds]
    judging = {"metric", "extractor"} & set(mine)
    tables = {**known["tables"], **dict.fromkeys(kind for kind in mine if kind not in judged)}
    tables |= judged if judging else {}
    ours = {"use": f"{names.owner}/{names.component}"}
    return [
        (f"[[{table}]]" if table in SEVERAL else f"[{table}]", ours if table in mine else settings)
        for table, settings in tables.items()
    ]
