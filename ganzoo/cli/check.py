"""The `ganzoo check` command."""

from __future__ import annotations

import json
from typing import Any

import click

from ganzoo.cli import complete_settings
from ganzoo.cli.complete import recipes
from ganzoo.errors import one_line
from ganzoo.terminal.output import echo


@click.command("check")
@click.argument("recipe", shell_complete=recipes)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]", shell_complete=complete_settings.of_recipe)
@click.option("--no-time", is_flag=True, help="Train no step to measure time and memory.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(recipe: str, overrides: tuple[str, ...], no_time: bool, as_json: bool) -> None:
    """Validate RECIPE and tell how long its training takes.

    Looks up the components, builds the networks on PyTorch's meta device, and prints the numbers of parameters, the
    shapes and the memory needed. Missing data is a remark, not an error. Then trains for about two seconds without
    writing a file, to tell how long the whole training takes on this machine, how much memory it needs at its peak,
    and where it takes hours, which settings bring it under an hour. KEY=VALUE overrides a setting of the recipe.

    \b
    ganzoo check quickstart
    ganzoo check quickstart generator.z_dim=8 --json
    """
    from ganzoo.cli.run import read_recipe
    from ganzoo.registry import discovery
    from ganzoo.training import dry_run

    plugins = discovery.load()
    parsed = read_recipe(recipe, overrides, plugins)
    document = dry_run.inspect(parsed, plugins.zoo)
    document["time"] = None
    if not no_time and document["examples"] is not None:
        measured, remarks = dry_run.measure(parsed, document["memory_bytes"])
        document |= measured
        document["remarks"] += remarks
    for remark in document["remarks"]:
        echo(remark, err=True)
    echo(json.dumps(document) if as_json else _text(document))


def _text(document: dict[str, Any]) -> str:
    spec = document["spec"]
    classes = f", {spec['classes']} class{'es' * (spec['classes'] != 1)}" if spec["classes"] else ""
    tokens = f", token ids below {spec['vocab']:,}" if spec["vocab"] else ""
    lines = [
        f"{one_line(document['recipe'])}: good",
        f"dataset        {document['dataset']}: {tuple(spec['shape'])}{tokens}{classes}",
    ]
    if "dataset_a" in document:
        lines.append(f"inputs         {document['dataset_a']}: {tuple(spec.get('source_shape', spec['shape']))}")
    lines += [f"{'procedure':<14} {document['procedure']}"]
    lines += [f"{part:<14} {', '.join(names)}" for part, names in document["parts"].items()]
    for player, facts in document["players"].items():
        lines.append(f"player         {player}: {facts['parameters']:,} parameters, {facts['optimizer']}")
    lines.append(f"samples        {tuple(document['sample_shape'])}")
    memory = f"about {document['memory_bytes'] / 2**20:,.0f} MiB for weights, gradients and optimizers"
    if document["peak_bytes"]:
        memory += f"; at its peak about {document['peak_bytes'] / 2**20:,.0f} MiB in all"
    lines.append(f"memory         {memory}")
    if document["time"]:
        lines.append(f"time           {document['time']['text']}")
        lines += [f"in an hour     {ways}"] if (ways := document["time"]["shorter"]) else []
    return "\n".join(lines)
