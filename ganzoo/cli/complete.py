"""Shell completion of recipe and component names, from the registry alone."""

from __future__ import annotations

import click

from ganzoo import discovery, library


def recipes(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    names = [recipe.name for recipe in library.recipes(discovery.load())]
    return [name for name in names if name.startswith(incomplete)]


def components(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    plugins = discovery.load()
    names = {entry.name for entry in plugins.zoo} | {recipe.name for recipe in library.recipes(plugins)}
    return sorted(name for name in names if name.startswith(incomplete))
