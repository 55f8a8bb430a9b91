"""The `ganzoo tune` command."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ganzoo.cli import complete_settings, markdown
from ganzoo.cli.complete import recipes
from ganzoo.errors import printable
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.sweeps.tuning import Outcome, Tuner

SHOWN = 10  # trials of the table


@click.command("tune")
@click.argument("recipe", shell_complete=recipes)
@click.argument("settings", nargs=-1, required=True, metavar="KEY=A..B ...", shell_complete=complete_settings.of_recipe)
@click.option("--for", "result", default="frechet_distance", show_default=True, help="Score to search by.")
@click.option(
    "--trials",
    type=click.IntRange(1, 100_000),
    default=40,
    show_default=True,
    help="Number of trials, with those of earlier calls and of other processes.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="runs",
    show_default=True,
    help="Folder of the study and the run folders.",
)
@click.option("--seed", type=click.IntRange(min=0, max=2**31 - 1), default=0, help="Seed of the search.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    recipe: str, settings: tuple[str, ...], result: str, trials: int, out: Path, seed: int, as_json: bool
) -> None:
    """Search for the best values of settings of RECIPE, by Optuna.

    KEY=A..B is a range of numbers, KEY=log:A..B one of powers, KEY=A,B,C a choice, and KEY=A a value for all trials.
    Each trial is a run. One that is not among the best third after a ninth or a third of its steps is stopped.

    The study is kept in --out: the same command goes on with it, and run several times at once, here or on machines
    with the same disk, the processes share it.

    \b
    ganzoo tune quickstart optimizer.lr=log:1e-5..1e-2 generator.width=16..64
    ganzoo tune quickstart loss.use=hinge,least_squares --for recall --trials 20
    """
    from ganzoo.registry import discovery
    from ganzoo.sweeps.tuning import Search, Tuner

    tuner = Tuner(Search(recipe, settings, result, trials, out, seed), discovery.load(), _say)
    tuner.work()
    outcomes = tuner.outcomes()
    if tuner.failure and all(outcome.state == "failed" for outcome in outcomes):
        raise tuner.failure
    echo(json.dumps([asdict(outcome) for outcome in outcomes]) if as_json else _text(tuner, outcomes))


def _say(text: str) -> None:
    echo(printable(text), err=True)


def _text(tuner: Tuner, outcomes: list[Outcome]) -> str:
    """Return a Markdown table of the best trials, the cost of the search, and the command that trains the best."""
    result, searched = tuner.search.result, [*tuner.space]
    rows: list[list[str]] = []
    for outcome in outcomes[:SHOWN]:
        value = "" if outcome.value is None else f"{outcome.value:.4g}"
        note = f"{outcome.steps:,}" + ("" if outcome.state == "complete" else f" ({outcome.state})")
        tried = (change.partition("=")[2] for change in tuner.overrides(outcome))
        rows.append([str(outcome.number + 1), value, *tried, note, outcome.run])
    lines = markdown.table(["trial", result, *searched, "steps", "run"], rows)
    whole = sum(outcome.steps / outcome.length for outcome in outcomes if outcome.length)
    pruned = sum(outcome.state == "pruned" for outcome in outcomes)
    lines += ["", f"{len(outcomes)} trials, {pruned} of them stopped early, for the steps of {whole:.1f} trainings."]
    if outcomes and outcomes[0].state == "complete":
        words = ["ganzoo", "run", tuner.search.recipe, *tuner.chosen(outcomes[0])]
        lines.append(f"Train the best: {shlex.join(words)}")
    return "\n".join(lines)
