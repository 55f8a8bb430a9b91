"""The `ganzoo bench` command."""

from __future__ import annotations

import json
from typing import Any

import click

from ganzoo.cli import complete_settings
from ganzoo.cli.complete import recipes
from ganzoo.terminal.output import echo

Count = click.IntRange(min=1)


@click.command("bench")
@click.argument("recipe", shell_complete=recipes)
@click.argument("overrides", nargs=-1, metavar="[KEY=VALUE ...]", shell_complete=complete_settings.of_recipe)
@click.option("--steps", type=Count, default=50, show_default=True, help="Timed steps per round.")
@click.option(
    "--warmup", type=click.IntRange(min=0), default=10, show_default=True, help="Steps before the timing starts."
)
@click.option(
    "--rounds", type=Count, default=5, show_default=True, help="Number of timings, or of alternations in a comparison."
)
@click.option(
    "--against",
    metavar="loop|script|PATH",
    help="Compare with the hand-tuned loop or plain script of a checkout, or with a script of your own.",
)
@click.option(
    "--processes", type=Count, default=1, show_default=True, help="Compare training on this many processes with one."
)
@click.option("--threads", type=Count, help="CPU threads per process. [1 for comparisons, else run.threads]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    recipe: str,
    overrides: tuple[str, ...],
    steps: int,
    warmup: int,
    rounds: int,
    against: str | None,
    processes: int,
    threads: int | None,
    as_json: bool,
) -> None:
    """Measure the training speed of RECIPE.

    Shows images per second, the time per step and the share of each part of it, and peak memory. No run folder is
    written. With --against or --processes, two ways of training are measured alternately, each time in a new process,
    and their ratio is shown. KEY=VALUE overrides a setting of the recipe.

    \b
    ganzoo bench quickstart
    ganzoo bench RECIPE --against loop          # hand-tuned loop of a checkout
    ganzoo bench mine.toml --against mine.py    # see docs/benchmarks.md
    ganzoo bench quickstart --processes 2       # two processes compared with one
    """
    if against and processes > 1:
        raise click.UsageError("--against and --processes are different comparisons: give one of them.")
    from ganzoo.benchmark import compare, throughput
    from ganzoo.cli.run import read_recipe
    from ganzoo.registry import discovery
    from ganzoo.utils import distributed

    plugins = discovery.load()
    fixed = (f"run.threads={threads}",) if threads else ()
    parsed = read_recipe(recipe, (*overrides, *fixed), plugins)
    if against or processes > 1:
        each = threads or 1
        single = compare.ours(recipe, overrides, steps, warmup, each)
        pair = (
            (single, compare.reference(parsed, against, steps, warmup, each))
            if against
            else (compare.ours(recipe, overrides, steps, warmup, each, processes), single)
        )
        document = compare.run(*pair, rounds, each, say=lambda line: echo(line, err=True))
        names = ("ganzoo", against) if against else (f"{processes} processes", "one")
        document = {"recipe": parsed.name, "names": names, "threads": each, **document}
        echo(json.dumps(document) if as_json else _ratios(document))
        return
    document = throughput.measure(parsed, steps, warmup, rounds)
    if distributed.is_main():
        echo(json.dumps(document) if as_json else _text(document))


def _text(document: dict[str, Any]) -> str:
    step = document["ms_per_step"]
    where = f"{document['device']} x {document['processes']}, {document['threads']} threads"
    lines = [
        f"{document['recipe']}: {document['images_per_second']:,.0f} images/s on {where}",
        f"step           {step['median']:.2f} ms ({step['low']:.2f} to {step['high']:.2f} in {document['rounds']} "
        f"rounds of {document['steps']})",
    ]
    whole = sum(document["shares_ms"].values())
    for part, spent in document["shares_ms"].items():
        lines.append(f"  {part:<12} {spent:8.2f} ms  {spent / whole:4.0%}")
    lines += [f"peak memory    {document['peak_bytes'] / 2**20:,.0f} MiB", f"not counted    {document['excluded']}"]
    return "\n".join(lines)


def _ratios(document: dict[str, Any]) -> str:
    first, second = document["names"]
    labels = {"speed": "images/s", "cpu_speed": "images per CPU second", "memory": "peak memory"}
    lines = [
        f"{document['recipe']}: {first} / {second}, {document['rounds']} alternations, threads {document['threads']}"
    ]
    for name, label in labels.items():
        if name in document["ratios"]:
            ratio = document["ratios"][name]
            lines.append(f"{label:<22} {ratio['median']:.3f} ({ratio['low']:.3f} to {ratio['high']:.3f})")
    return "\n".join(lines)
