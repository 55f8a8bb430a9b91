"""The `ganzoo plugins` command."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ganzoo.registry import discovery


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(as_json: bool) -> None:
    """List installed plugins with their versions, status, components, hooks and errors.

    The status is ok, failed, incompatible (with this version of the plugin API) or off. A plugin is Python code that
    runs when ganzoo starts: install only plugins that you trust. `ganzoo --block NAME` or GANZOO_BLOCK_PLUGINS=NAME
    disables one; `ganzoo --no-plugins` or GANZOO_DISABLE_PLUGINS=1 disables all but the built-in ones.
    """
    rows = discovery.load().rows
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows]))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0))
    for column in ("plugin", "package", "version", "status", "components", "hooks"):
        table.add_column(column, overflow="fold", no_wrap=column in ("plugin", "version", "status"))
    for row in rows:
        hooks = ", ".join(hook.removeprefix("ganzoo_") for hook in row.hooks)
        table.add_row(row.name, row.distribution, row.version, row.status, str(row.components), hooks)
    Console().print(table)
    for row in rows:
        if row.error:
            click.echo(f"{row.name}: {row.error}")
