"""ganzoo list [KIND] [PATTERN]"""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import click

from ganzoo import discovery, library
from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.registry import KINDS, matches


@click.command("list")
@click.argument("kind", required=False)
@click.argument("pattern", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(kind: str | None, pattern: str | None, as_json: bool) -> None:
    """Components and recipes: kind, name, owner, summary, paper.

    KIND is one of generator, discriminator, encoder, loss, regularizer, dataset, procedure, optimizer, schedule,
    metric and recipe. PATTERN is part of a name or summary, or a wildcard such as 'dc*'.
    """
    kinds = {spelling: one for one in (*KINDS, "recipe") for spelling in (one, _plural(one))}
    if kind not in kinds and pattern is None:
        kind, pattern = None, kind
    if kind is not None and kind not in kinds:
        raise GanzooError(f"no kind {kind!r}.{did_you_mean(kind, kinds)} Kinds: {', '.join((*KINDS, 'recipe'))}.")
    chosen = kinds[kind] if kind else None
    rows = _rows(chosen, pattern)
    if as_json:
        click.echo(json.dumps(rows))
    elif rows:
        _table(rows)
    elif pattern is None:
        click.echo(f"No plugin offers any {_plural(chosen or 'component')}.", err=True)
    else:
        near = did_you_mean(pattern, [*kinds, *(row["name"] for row in _rows(chosen, None))])
        raise GanzooError(f"nothing matches {pattern!r}.{near} See `ganzoo list`.")


def _plural(kind: str) -> str:
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _rows(kind: str | None, pattern: str | None) -> list[dict[str, Any]]:
    plugins = discovery.load()
    fields = ("kind", "name", "owner", "summary", "paper")
    chosen = plugins.zoo.entries(kind, pattern) if kind != "recipe" else []
    rows = [{field: getattr(entry, field) for field in fields} for entry in chosen]
    for recipe in library.recipes(plugins) if kind in (None, "recipe") else []:
        summary = recipe.summary()
        if matches(pattern, recipe.name, f"{recipe.owner}/{recipe.name}", summary):
            rows.append({"kind": "recipe", "name": recipe.name, "owner": recipe.owner, "summary": summary, "paper": ""})
    return rows


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for kind, group in groupby(rows, key=lambda row: row["kind"]):
        table = Table(title=kind, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
        for column in ("name", "owner", "summary", "paper"):
            table.add_column(column, overflow="fold", no_wrap=column in ("name", "owner"))
        for row in group:
            table.add_row(row["name"], row["owner"], row["summary"], row["paper"])
        console.print(table)
        console.print()
