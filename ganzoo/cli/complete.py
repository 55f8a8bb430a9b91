"""Shell completion of recipe and component names, from the registry alone."""

from __future__ import annotations

from collections.abc import Callable

import click

from ganzoo.config import locate
from ganzoo.registry import discovery

Completer = Callable[[click.Context, click.Parameter, str], list[str]]


def recipes(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete names of recipes."""
    names = [recipe.name for recipe in locate.recipes(discovery.load())]
    return [name for name in names if name.startswith(incomplete)]


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
