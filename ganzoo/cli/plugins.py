"""The `ganzoo plugins` command."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from ganzoo.registry import discovery
from ganzoo.terminal.output import echo


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(as_json: bool) -> None:
    """List installed plugins with their versions, status, components, hooks and errors.

    The status is ok, failed, incompatible (with this version of the plugin API) or off. A plugin is Python code that
    runs when ganzoo starts: install only plugins that you trust. `ganzoo --block NAME` or GANZOO_BLOCK_PLUGINS=NAME
    disables one; `ganzoo --no-plugins` or GANZOO_DISABLE_PLUGINS=1 disables all but the built-in ones.

    Outside a terminal, each plugin is one line of plugin, package, version, status, components, hooks and error, with
    tabs between them.
    """
    rows = discovery.load().rows
    if as_json:
        echo(json.dumps([asdict(row) for row in rows]))
        return
    from ganzoo.terminal import table

    if not table.for_people():
        table.print_lines([*_cells(row), "; ".join(filter(None, [row.error, *row.remarks]))] for row in rows)
        return
    columns = ("plugin", "package", "version", "status", "components", "hooks")
    table.print_table(columns, map(_cells, rows), whole=("plugin", "version", "status"))
    for row in rows:
        for text in filter(None, [row.error, *row.remarks]):
            echo(f"{row.name}: {text}")


def _cells(row: discovery.PluginInfo) -> tuple[str, ...]:
    hooks = ", ".join(hook.removeprefix("ganzoo_") for hook in row.hooks)
    return row.name, row.distribution, row.version, row.status, str(row.components), hooks
