"""The `ganzoo bench` command."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ganzoo.cli import bench_text, complete_settings
from ganzoo.cli.complete import recipes
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.config.recipe import Recipe

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
@click.option("--roofline", is_flag=True, help="Show the share of the machine's peaks, and where the rest goes.")
@click.option("--tune", is_flag=True, help="Find the fastest settings here that change results by rounding only.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True, max=1000),
    default=2.0,
    show_default=True,
    help="Time for --tune.",
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
    roofline: bool,
    tune: bool,
    minutes: float,
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
    ganzoo bench quickstart --roofline          # share of the peaks here
    ganzoo bench quickstart --tune              # the fastest settings here
    """
    asked = {"--against": against, "--processes": processes > 1, "--roofline": roofline, "--tune": tune}
    if len(given := [option for option, value in asked.items() if value]) > 1:
        raise click.UsageError(f"{' and '.join(given)} are different measurements: give one of them.")
    if roofline:
        os.environ.setdefault("KINETO_LOG_LEVEL", "9")  # lines of the profiler about GPUs; read when torch is imported
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
        echo(json.dumps(document) if as_json else bench_text.ratios(document))
        return
    if tune:
        _tune(parsed, (recipe, *overrides), minutes, as_json)
        return
    if roofline:
        from ganzoo.benchmark import roofline as roof

        document = roof.measure(parsed, steps, warmup, rounds)
    else:
        document = throughput.measure(parsed, steps, warmup, rounds)
    if distributed.is_main():
        text = bench_text.throughput(document) + ("\n\n" + bench_text.roofline(document) if roofline else "")
        echo(json.dumps(document) if as_json else text)


def _tune(recipe: Recipe, words: Sequence[str], minutes: float, as_json: bool) -> None:
    """Find the fastest settings, and keep them in the cache folder."""
    from ganzoo.benchmark.tuning import Tuner
    from ganzoo.config import instantiate
    from ganzoo.training import tuned

    tuning = Tuner(recipe, 60 * minutes, lambda line: echo(line, err=True)).tune()
    path = tuned.write(recipe, instantiate.dataset(recipe).spec, tuning.fastest)
    document = {"recipe": recipe.name, **asdict(tuning), "overrides": tuning.overrides, "file": str(path)}
    echo(json.dumps(document) if as_json else bench_text.tuning(words, tuning))
