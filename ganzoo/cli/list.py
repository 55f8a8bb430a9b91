"""The `ganzoo list` command."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import click

from ganzoo.cli.complete import kinds, named_in_list
from ganzoo.config import locate
from ganzoo.config.locate import RecipeFile
from ganzoo.config.renamed import joined
from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.registry import discovery
from ganzoo.registry.zoo import BUILT_IN, KINDS, matches
from ganzoo.sharing import shipped
from ganzoo.terminal.output import echo

ALL = ("gan", *KINDS, "recipe", "model")


@click.command("list")
@click.argument("kind", required=False, shell_complete=kinds)
@click.argument("pattern", required=False, shell_complete=named_in_list)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(kind: str | None, pattern: str | None, as_json: bool) -> None:
    """List GANs with their recipes and papers, then components, recipes and trained models by kind.

    KIND is one of gan, generator, discriminator, encoder, loss, regularizer, augmentation, transform, dataset,
    procedure, optimizer, schedule, metric, extractor, recipe and model. PATTERN is part of a name or summary, or a
    wildcard such as 'dc*'.

    Outside a terminal, each row is one line of kind, name, owner, summary and paper, with tabs between them.

    \b
    ganzoo list gan
    ganzoo list loss
    ganzoo list dataset faces
    ganzoo list 'dc*'
    ganzoo list recipe | cut -f 2
    """
    spellings = {spelling: name for name in ALL for spelling in (name, _plural(name))}
    if kind not in spellings and pattern is None:
        kind, pattern = None, kind
    if kind is not None and kind not in spellings:
        raise GanzooError(f"no kind {kind!r}.{did_you_mean(kind, spellings)} Kinds: {', '.join(ALL)}.")
    selected = spellings[kind] if kind else None
    rows = _rows(selected, pattern)
    if pattern and not rows and (present := locate.present_name(pattern, discovery.load())):
        echo(f"{pattern} is now {present}", err=True)
        rows = _rows(selected, present)
    if as_json:
        echo(json.dumps(rows))
    elif rows:
        _print(rows)
    elif pattern is None:
        echo(f"No plugin offers any {_plural(selected or 'component')}.", err=True)
    else:
        near = did_you_mean(pattern, [*spellings, *(row["name"] for row in _rows(selected, None))])
        raise GanzooError(f"nothing matches {pattern!r}.{near} See `ganzoo list`.")


def _plural(kind: str) -> str:
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _rows(kind: str | None, pattern: str | None) -> list[dict[str, Any]]:
    """Return the rows of a kind that match a pattern, as `--json` prints them."""
    plugins = discovery.load()
    recipes = locate.recipes(plugins) if kind in (None, "gan", "recipe") else []
    rows = _gans(recipes) if kind in (None, "gan") else []
    if kind not in ("gan", "recipe", "model"):
        for entry in plugins.zoo.entries(kind):
            summary = f"Deprecated: {entry.deprecated}" if entry.deprecated else entry.summary
            rows.append(_row(entry.kind, entry.name, entry.owner, summary, entry.paper))
    if kind in (None, "recipe"):
        rows += [_row("recipe", recipe.name, recipe.owner, recipe.summary(), recipe.about[1]) for recipe in recipes]
    if kind in (None, "model"):
        rows += [_row("model", model.name, model.owner, model.summary(), "") for model in shipped.models(plugins)]
    _add_spelling(rows)
    spelled = locate.gan_names(plugins) if pattern and kind in (None, "gan") else {}
    return [row for row in rows if _is_meant(pattern, row, spelled)]


def _add_spelling(rows: Iterable[dict[str, Any]]) -> None:
    """Add "use" to each row: its name, with its owner where the bare name means another one or several."""
    namesakes: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        namesakes.setdefault((row["kind"], row["name"]), []).append(row["owner"])
    for row in rows:
        owners = namesakes[row["kind"], row["name"]]
        bare = row["kind"] == "gan" or len(owners) == 1 or row["owner"] == BUILT_IN
        row["use"] = row["name"] if bare else f"{row['owner']}/{row['name']}"


def _is_meant(pattern: str | None, row: dict[str, Any], spelled: Mapping[str, list[str]]) -> bool:
    """Return True for a row that a pattern matches; the other names of a GAN match whole, however they are joined."""
    if matches(pattern, row["name"], f"{row['owner']}/{row['name']}", row["summary"]):
        return True
    names = (row["name"], *spelled.get(row["name"], ())) if row["kind"] == "gan" else ()
    return pattern is not None and joined(pattern) in map(joined, names)


def _gans(recipes: Iterable[RecipeFile]) -> list[dict[str, Any]]:
    """Return a row for each GAN of each owner, by the [about] tables, with the recipes that train it."""
    gans: dict[tuple[str, str], dict[str, Any]] = {}
    for recipe in recipes:
        name, paper = recipe.about
        if name:
            row = gans.setdefault((name.casefold(), recipe.owner), _row("gan", name, recipe.owner, "", paper))
            row["summary"] = ", ".join(filter(None, (row["summary"], recipe.name)))
            row["paper"] = row["paper"] or paper
    return [gans[key] for key in sorted(gans)]


def _row(kind: str, name: str, owner: str, summary: str, paper: str) -> dict[str, Any]:
    return {"kind": kind, "name": name, "owner": owner, "summary": summary, "paper": paper}


def _print(rows: list[dict[str, Any]]) -> None:
    """Print a table for each kind, or a line for each row where no terminal shows them."""
    from ganzoo.terminal import table

    if not table.for_people():
        table.print_lines([row[key] for key in ("kind", "use", "owner", "summary", "paper")] for row in rows)
        return
    for kind, group in groupby(rows, key=lambda row: row["kind"]):
        summary = "recipes" if kind == "gan" else "summary"
        whole = ("owner", "recipes") if kind == "gan" else ("name", "owner")
        table.print_table(("name", "owner", summary, "paper"), map(_cells, group), whole, title=kind)
        echo()


def _cells(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return the cells of a row, with one recipe of a GAN below the other."""
    summary = row["summary"].replace(", ", ",\n") if row["kind"] == "gan" else row["summary"]
    return row["use"], row["owner"], summary, row["paper"]
