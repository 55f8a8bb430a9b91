"""Recipes of a new package. Together they use all of its components, and built-in components for the other tables."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from typing import Any

from ganzoo.scaffold.names import Names

REPEATED = ("regularizer", "augmentation", "metric")  # tables that a recipe may contain several times
SEPARATE = ("procedure", "encoder", "augmentation", "transform")  # kinds with a recipe of their own


@dataclass(frozen=True)
class Recipe:
    """A recipe to render.

    Attributes:
        name: Name of the file, without its suffix.
        title: First line of the header.
        steps: Training steps.
        batch_size: Samples in a batch.
        tables: Headers such as "[loss]" with their settings, in order.
    """

    name: str
    title: str
    steps: int
    batch_size: int
    tables: list[tuple[str, dict[str, Any]]]


def recipes(names: Names, kinds: Collection[str]) -> list[Recipe]:
    """Return a recipe for each procedure that the kinds need; the first has the name of the components."""
    templates = tomllib.loads(resources.files("ganzoo.scaffold").joinpath("templates/recipes.toml").read_text())
    separate = [kind for kind in SEPARATE if kind in kinds]
    covered = {kind for name in separate for kind in templates[name]["own"]}
    needed = separate if separate and set(kinds) <= covered else ["adversarial", *separate]
    return [
        Recipe(
            name=names.component if i == 0 else f"{names.component}_{template}",
            title=f"{names.title}: {templates[template]['title']}.",
            steps=templates[template]["steps"],
            batch_size=templates[template]["batch_size"],
            tables=_tables(templates[template], templates["judged"], names, kinds),
        )
        for i, template in enumerate(needed)
    ]


def _tables(
    template: dict[str, Any], judged: dict[str, Any], names: Names, kinds: Collection[str]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the tables of a recipe, with the package's components in place of built-in ones or after them."""
    own = [kind for kind in template["own"] if kind in kinds]
    tables = template["tables"] | (judged if {"metric", "extractor"} & set(own) else {})
    component = {"use": f"{names.owner}/{names.component}"}
    rendered: list[tuple[str, dict[str, Any]]] = []
    for table in [*tables, *(kind for kind in own if kind not in tables)]:
        if table in REPEATED:
            rendered += [(f"[[{table}]]", settings) for settings in [*tables[table], *[component] * (table in own)]]
        else:
            rendered.append((f"[{table}]", component if table in own else _fitting(tables[table], own)))
    return rendered


def _fitting(settings: dict[str, Any], own: Collection[str]) -> dict[str, Any]:
    """Return settings without `condition` if the dataset is the package's, which has no labels."""
    return {name: value for name, value in settings.items() if name != "condition" or "dataset" not in own}
