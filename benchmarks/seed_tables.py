"""Comparison with published losses: train a recipe with several seeds, and compare with the losses printed for it.

    python benchmarks/seed_tables.py RECIPE [KEY=VALUE ...] [--seeds 0 1 2] [--write]

seed_tables/printed.toml contains the printed losses. Each is the loss of one batch, which varies from step to step, so
it is compared with two ranges. For each seed, the 20 losses nearest to the step are averaged: the verdict "averages"
means that the printed value lies between the lowest and the highest of these averages. The verdict "batches" means
that it lies within two standard deviations of the mean of all these single losses. At step 1 the first batch of each
seed is used alone.

seed_tables/RECIPE.json stores the measurements of each seed, so that seeds can be trained one by one. Changes such as
run.steps=2000 shorten the training. `--write` inserts the table into the recipe's page in docs/zoo.
"""

from __future__ import annotations

import argparse
import json
import statistics
import textwrap
import time
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import marks
from ganzoo.config import locate, resolver
from ganzoo.registry import discovery
from ganzoo.training import device
from ganzoo.training.session import Session

HERE = Path(__file__).parent / "seed_tables"
PAGES = Path(__file__).parents[1] / "docs/zoo"
WINDOW = 20
PLAYERS = ("generator", "discriminator")
Losses = dict[str, dict[int, list[float]]]  # player -> printed step -> the losses of the steps around it


@dataclass(frozen=True)
class Row:
    """Printed and measured losses of one player at one step.

    Attributes:
        step: Step of the printed losses.
        player: "generator" or "discriminator".
        printed: Losses printed for this step.
        seeds: Losses of the steps around it, for each seed.
    """

    step: int
    player: str
    printed: list[float]
    seeds: list[list[float]]

    @property
    def averages(self) -> tuple[float, float]:
        """The lowest and the highest of the seeds' averages."""
        means = [statistics.fmean(losses) for losses in self.seeds]
        return min(means), max(means)

    @property
    def batches(self) -> tuple[float, float]:
        """The mean of the single losses, minus and plus two standard deviations."""
        every = [loss for losses in self.seeds for loss in losses]
        mean = statistics.fmean(every)
        spread = 2 * statistics.stdev(every) if len(every) > 1 else 0.0
        return mean - spread, mean + spread

    def verdict(self, value: float) -> str:
        """Return "averages", "batches", "below" or "above" for a printed value."""
        for name, (low, high) in (("averages", self.averages), ("batches", self.batches)):
            if low <= value <= high:
                return name
        return "below" if value < self.batches[0] else "above"

    def __str__(self) -> str:
        shown = ", ".join(f"{value:.3f} {self.verdict(value)}" for value in self.printed)
        averages, batches = (f"{low:.3f} to {high:.3f}" for low, high in (self.averages, self.batches))
        return f"| {self.step:,} | {self.player} | {shown} | {averages} | {batches} |"


def window(mark: int, steps: int) -> range:
    """Return the steps to average over.

    Args:
        mark: The printed step, counted from 1.
        steps: Number of steps of the run.

    Returns:
        The 20 steps nearest to `mark`; for step 1 that step alone, because losses change fast there.
    """
    if mark == 1:
        return range(1, 2)
    first = max(1, min(mark - WINDOW // 2 + 1, steps - WINDOW + 1))
    return range(first, min(first + WINDOW, steps + 1))


def measure(recipe: str, changes: Iterable[str], seed: int, marks: Iterable[int]) -> dict[str, Any]:
    """Train a recipe with one seed, and return its losses around the printed steps.

    Args:
        recipe: Name of the recipe.
        changes: Overrides, such as "run.steps=2000".
        seed: Seed of the run.
        marks: Printed steps.

    Returns:
        The record of the seed: "steps", "changes", "seconds" and "losses".
    """
    plugins = discovery.load()
    assignments = [*changes, f"run.seed={seed}"]
    resolved, _ = resolver.read(locate.find(recipe, plugins), assignments, plugins.zoo)
    session = Session(resolved, device.accelerator(resolved.run))
    windows = {mark: window(mark, session.steps) for mark in marks if mark <= session.steps}
    steps_to_keep = {step for steps in windows.values() for step in steps}
    totals: dict[str, dict[int, float]] = {player: {} for player in PLAYERS}
    start = time.monotonic()
    for t in range(session.steps):
        session.step(t)
        if t + 1 in steps_to_keep:
            for player in PLAYERS:
                total = sum(value for _, name, value in session.engine.history if name.startswith(f"{player}/"))
                totals[player][t + 1] = round(float(total), 4)
        session.engine.history.clear()
    seconds = round(time.monotonic() - start)
    losses = {
        player: {mark: [totals[player][step] for step in steps] for mark, steps in windows.items()}
        for player in PLAYERS
    }
    return {"steps": session.steps, "changes": list(changes), "seconds": seconds, "losses": losses}


def rows(printed: list[dict[str, Any]], seeds: list[Losses]) -> list[Row]:
    """Return a row for each printed step and player, with the seeds that reached the step."""
    table_rows = []
    for k, player in enumerate(PLAYERS, start=1):
        values: dict[int, list[float]] = {}
        for printed_run in printed:
            for line in printed_run["losses"]:
                values.setdefault(line[0], []).append(line[k])
        table_rows += [
            Row(step, player, values[step], measured)
            for step in sorted(values)
            if (measured := [losses[player][step] for losses in seeds if step in losses[player]])
        ]
    return table_rows


def table(table_rows: list[Row], records: dict[str, Any]) -> str:
    """Return the rows as a Markdown table, after a summary; `records` are the seeds' records by seed."""
    verdicts = [row.verdict(value) for row in table_rows for value in row.printed]
    counts = {name: verdicts.count(name) for name in ("averages", "batches", "below", "above")}
    trained = [
        f"Seed {seed}: {record['steps']:,} step{'s' * (record['steps'] > 1)}." for seed, record in records.items()
    ]
    summary = (
        f"Of {len(verdicts)} printed values {counts['averages']} lie between the averages of the seeds, "
        f"{counts['batches']} more within two standard deviations of single batches, {counts['below']} below them and "
        f"{counts['above']} above."
    )
    head = "| step | loss of | printed, and where it lies | averages of 20 over seeds | single batches |"
    introduction = textwrap.fill(" ".join([*trained, summary]), 118)
    return "\n".join([introduction, "", head, "|" + " --- |" * 5, *map(str, table_rows)])


def insert(page: str, recipe: str, text: str) -> str:
    return marks.insert(page, marks.begin(f"benchmarks/seed_tables.py {recipe}"), text)


def read(recipe: str) -> dict[str, Any]:
    """Return the stored records by seed, with the steps, which are strings in JSON, as integers."""
    path = HERE / f"{recipe}.json"
    records = json.loads(path.read_text()) if path.is_file() else {}
    for record in records.values():
        record["losses"] = {
            player: {int(step): losses for step, losses in marks.items()} for player, marks in record["losses"].items()
        }
    return records


def main() -> None:
    printed = tomllib.loads((HERE / "printed.toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=sorted(printed))
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE")
    parser.add_argument(
        "--seeds", type=int, nargs="*", default=[0, 1, 2], help="without values: show the stored measurements"
    )
    parser.add_argument("--write", action="store_true", help="insert the table into the recipe's page")
    options = parser.parse_args()
    reference = printed[options.recipe]
    marks = sorted({line[0] for printed_run in reference["printed"] for line in printed_run["losses"]})
    for seed in options.seeds:
        record = measure(options.recipe, options.changes, seed, marks)
        records = {**read(options.recipe), str(seed): record}
        (HERE / f"{options.recipe}.json").write_text(json.dumps(dict(sorted(records.items()))) + "\n")
    records = read(options.recipe)
    if not records:
        parser.error("nothing was measured yet: leave --seeds out")
    text = table(rows(reference["printed"], [record["losses"] for record in records.values()]), records)
    print(text)
    if options.write:
        page = PAGES / reference["page"]
        page.write_text(insert(page.read_text(), options.recipe, text))


if __name__ == "__main__":
    main()
