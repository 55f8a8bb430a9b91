"""ganzoo show NAME"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from ganzoo.cli.complete import components
from ganzoo.config import locate
from ganzoo.config.parser import Tree, fill, parse
from ganzoo.config.signature import describe
from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import KINDS, Entry


@click.command("show")
@click.argument("name", shell_complete=components)
@click.option("--kind", type=click.Choice(KINDS), metavar="KIND", help="Where several kinds have the name.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def command(name: str, kind: str | None, as_json: bool) -> None:
    """One component's settings with defaults, docstring and paper; or one recipe, resolved.

    \b
    ganzoo show adversarial
    ganzoo show mlp --kind generator
    ganzoo show quickstart
    """
    plugins = discovery.load()
    entries = _entries(plugins, name, kind)
    if entries:
        documents = [_describe(entry) for entry in entries]
        click.echo(json.dumps(documents, default=str) if as_json else "\n\n".join(_text(one) for one in documents))
        return
    tree = _recipe(plugins, name)
    click.echo(json.dumps(tree) if as_json else _toml(tree))


def _entries(plugins: Plugins, name: str, kind: str | None) -> list[Entry]:
    owner, _, bare = name.rpartition("/")
    named = [entry for entry in plugins.zoo.entries(kind) if entry.name == bare and owner in ("", entry.owner)]
    if not named and kind:
        plugins.zoo.find(kind, name)  # raises with near names
    return named


def _recipe(plugins: Plugins, name: str) -> Tree:
    known = {entry.name for entry in plugins.zoo}
    known |= {recipe.name for recipe in locate.recipes(plugins)}
    try:
        path = locate.locate(name, plugins)
    except GanzooError as error:
        near = did_you_mean(name, known)
        raise GanzooError(f"no component or recipe named {name!r}.{near} See `ganzoo list`.") from error
    try:
        return fill(parse(path.read_bytes(), path.suffix, str(path)), plugins.zoo)
    except (GanzooError, OSError):
        from ganzoo.config import resolver

        return resolver.read(path, (), plugins.zoo)[0].resolved()  # lists everything that is wrong


def _describe(entry: Entry) -> dict[str, Any]:
    facts = {key: getattr(entry, key) for key in ("kind", "name", "owner", "summary", "paper", "deprecated")}
    return facts | asdict(describe(entry))


def _text(one: dict[str, Any]) -> str:
    lines = [f"{one['kind']} {one['name']}  ({one['owner']})  {one['paper']}".rstrip(), one["target"], ""]
    if one["deprecated"]:
        lines += [f"Deprecated: {one['deprecated']}", ""]
    if one["parts"]:
        lines += ["Tables it takes: " + ", ".join(f"[{part}]" for part in one["parts"]), ""]
    for name, setting in one["settings"].items():
        given = f"= {json.dumps(setting['default'], default=str)}" if "default" in setting else "(needed)"
        lines.append(f"  {name} {given}  {setting['type']}".rstrip())
    return "\n".join([*lines, "", one["doc"]])


def _toml(tree: dict[str, Any]) -> str:
    """A resolved recipe as TOML; unset values are left out, as TOML has no word for them."""
    lines = []
    for table, settings in tree.items():
        for one in settings if isinstance(settings, list) else [settings]:
            nested = {key: value for key, value in one.items() if isinstance(value, dict)}
            lines.append(f"[[{table}]]" if isinstance(settings, list) else f"[{table}]")
            lines += [f"{k} = {json.dumps(v)}" for k, v in one.items() if k not in nested and v is not None]
            for key, inner in nested.items():
                lines.append(f"[{table}.{key}]")
                lines += [f"{k} = {json.dumps(v)}" for k, v in inner.items() if v is not None]
            lines.append("")
    return "\n".join(lines).rstrip()
