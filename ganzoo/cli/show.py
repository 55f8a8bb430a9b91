"""The `ganzoo show` command."""

from __future__ import annotations

import json
from typing import Any

import click

from ganzoo.cli.complete import components
from ganzoo.config import locate
from ganzoo.config.defaults import SETTINGS, fill
from ganzoo.config.docstring import without_settings
from ganzoo.config.parser import Tree, parse
from ganzoo.config.signature import annotation_text, describe
from ganzoo.config.toml_writer import to_toml
from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import KINDS, Entry
from ganzoo.terminal.output import echo


@click.command("show")
@click.argument("name", shell_complete=components)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    metavar="KIND",
    help="Kind of the component, if several components have this name.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(name: str, kind: str | None, as_json: bool) -> None:
    """Show the settings of a component, or a recipe with all defaults.

    NAME is the name of a component, a recipe, or one of the tables run, evaluate and about. Settings are shown with
    their defaults, types and descriptions.

    \b
    ganzoo show adversarial
    ganzoo show mlp --kind generator
    ganzoo show run
    ganzoo show quickstart
    """
    plugins = discovery.load()
    entries = _find_entries(plugins, name, kind)
    if entries:
        documents = [_describe(entry) for entry in entries]
        echo(json.dumps(documents, default=str) if as_json else "\n\n".join(map(_format_component, documents)))
        return
    tree = _read_recipe(plugins, name)
    echo(json.dumps(tree) if as_json else to_toml(tree))


def _find_entries(plugins: Plugins, name: str, kind: str | None) -> list[Entry]:
    owner, _, bare = name.rpartition("/")
    entries = [entry for entry in plugins.zoo.entries(kind) if entry.name == bare and owner in ("", entry.owner)]
    if not entries and kind:
        plugins.zoo.find(kind, name)  # raises, with similar names
    if not entries and name in SETTINGS:
        return [Entry("table", name, "ganzoo", SETTINGS[name])]
    return entries


def _read_recipe(plugins: Plugins, name: str) -> Tree:
    """Return a recipe with every default written out."""
    known = {entry.name for entry in plugins.zoo} | {recipe.name for recipe in locate.recipes(plugins)}
    try:
        path = locate.find(name, plugins)
    except GanzooError as error:
        near = locate.gan_hint(name, plugins) or did_you_mean(name, known)
        raise GanzooError(f"no component or recipe named {name!r}.{near} See `ganzoo list`.") from error
    try:
        return fill(parse(path.read_bytes(), path.suffix, str(path)), plugins.zoo)
    except (GanzooError, OSError):
        from ganzoo.config import resolver

        return resolver.read(path, (), plugins.zoo)[0].resolved()  # raises, with everything that is wrong


def _describe(entry: Entry) -> dict[str, Any]:
    """Return the document that `--json` prints."""
    signature = describe(entry)
    descriptions = signature.descriptions()
    settings: dict[str, dict[str, Any]] = {}
    for name, parameter in signature.settings.items():
        settings[name] = {"type": annotation_text(parameter)}
        if parameter.default is not parameter.empty:
            settings[name]["default"] = parameter.default
        if name in descriptions:
            settings[name]["description"] = descriptions[name]
    facts = {key: getattr(entry, key) for key in ("kind", "name", "owner", "summary", "paper", "deprecated")}
    return facts | {
        "target": signature.target,
        "doc": signature.doc,
        "parts": list(signature.parts),
        "settings": settings,
    }


def _format_component(document: dict[str, Any]) -> str:
    title = f"{document['kind']} {document['name']}  ({document['owner']})  {document['paper']}".rstrip()
    lines = [title, document["target"], ""]
    if document["deprecated"]:
        lines += [f"Deprecated: {document['deprecated']}", ""]
    if document["parts"]:
        lines += ["Tables it takes: " + ", ".join(f"[{part}]" for part in document["parts"]), ""]
    for name, setting in document["settings"].items():
        value = f"= {json.dumps(setting['default'], default=str)}" if "default" in setting else "(required)"
        lines.append(f"  {name} {value}  {setting['type']}".rstrip())
        if "description" in setting:
            lines.append(f"      {setting['description']}")
    return "\n".join([*lines, "", without_settings(document["doc"])])
