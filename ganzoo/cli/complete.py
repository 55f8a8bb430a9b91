"""Shell completion of kinds, recipes, components, models and runs, from the registry and file names alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ganzoo.config import locate
from ganzoo.registry import discovery
from ganzoo.registry.zoo import KINDS
from ganzoo.runs import layout
from ganzoo.sharing import shipped

Completer = Callable[[click.Context, click.Parameter, str], list[str]]
Offers = list[str | CompletionItem[Any]]
RUNS = Path("runs")  # where `ganzoo run` creates run folders unless --out names another place


def recipes(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of recipes."""
    names = [recipe.name for recipe in locate.recipes(discovery.load())]
    return [name for name in names if name.startswith(incomplete)]


def kinds(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete what `ganzoo list` lists."""
    return [kind for kind in ("gan", *KINDS, "recipe", "model") if kind.startswith(incomplete)]


def named_in_list(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete the names of the components of the kind before it."""
    kind = str(ctx.params.get("kind"))
    if kind in ("recipe", "recipes"):
        return recipes(ctx, parameter, incomplete)
    singular = next((name for name in KINDS if kind in (name, f"{name}s", f"{name}es")), "")
    return of_kind(singular)(ctx, parameter, incomplete) if singular else []


def runs(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> Offers:
    """Complete run folders: those in ./runs and in the folder that is being typed, or else any files."""
    typed = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    places = dict.fromkeys((RUNS, typed))
    found = [str(file.parent) for place in places for file in sorted(place.glob(f"*/{layout.STATUS}"))]
    return [run for run in found if run.startswith(incomplete)] or [CompletionItem(incomplete, type="file")]


def models(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> Offers:
    """Complete trained models: those that plugins ship, and run folders."""
    names = [model.name for model in shipped.models(discovery.load()) if model.name.startswith(incomplete)]
    found = runs(ctx, parameter, incomplete)
    return [*names, *(run for run in found if isinstance(run, str))] or found


def components(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of components and recipes."""
    plugins = discovery.load()
    names = {entry.name for entry in plugins.zoo} | {recipe.name for recipe in locate.recipes(plugins)}
    return sorted(name for name in names if name.startswith(incomplete))


def plugins(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete owners, packages and entry points, as `ganzoo test` takes them."""
    names = {name for row in discovery.load().rows for name in row.names}
    return sorted(name for name in names if name.startswith(incomplete))


def of_kind(kind: str) -> Completer:
    """Return a completer of the names of one kind's components."""

    def names(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        components = {entry.name for entry in discovery.load().zoo.entries(kind)}
        return sorted(name for name in components if name.startswith(incomplete))

    return names
