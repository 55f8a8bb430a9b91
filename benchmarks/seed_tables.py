"""Trains a recipe with several seeds and lays its losses beside the ones that were printed for it.

    python benchmarks/seed_tables.py RECIPE [KEY=VALUE ...] [--seeds 0 1 2] [--write]

The printed losses stand in seed_tables/printed.toml. Each is that of one batch, and jumps from step to step; so two
things are compared with it. The averages of the 20 losses nearest to its step, one for each seed, say where training
is: "averages" means that the printed value lies between the lowest and the highest of them. The losses of those steps,
each by itself, say how far one batch strays: "batches" means within the mean and two standard deviations of them all.
At step 1 there is no window, only the first batch of each seed.

What was measured is kept in seed_tables/RECIPE.json, a seed at a time, so that seeds may be trained one by one;
changes such as run.steps=2000 are for a shorter run. `--write` puts the table into the recipe's page below docs/zoo.
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
Losses = dict[str, dict[int, list[float]]]  # player -> mark -> the losses around it


@dataclass(frozen=True)
class Row:
    """One printed step of one player: what was printed there, and what every seed had around it."""

    step: int
    player: str
    printed: list[float]
    seeds: list[list[float]]

    @property
    def averages(self) -> tuple[float, float]:
        """The lowest and the highest average of a seed."""
        means = [statistics.fmean(losses) for losses in self.seeds]
        return min(means), max(means)

    @property
    def batches(self) -> tuple[float, float]:
        """Mean less and plus two standard deviations of the single losses."""
        every = [loss for losses in self.seeds for loss in losses]
        mean, spread = statistics.fmean(every), 2 * statistics.stdev(every) if len(every) > 1 else 0.0
        return mean - spread, mean + spread

    def verdict(self, value: float) -> str:
        for name, (low, high) in (("averages", self.averages), ("batches", self.batches)):
            if low <= value <= high:
                return name
        return "below" if value < self.batches[0] else "above"

    def __str__(self) -> str:
        shown = ", ".join(f"{value:.3f} {self.verdict(value)}" for value in self.printed)
        averages, batches = (f"{low:.3f} to {high:.3f}" for low, high in (self.averages, self.batches))
        return f"| {self.step:,} | {self.player} | {shown} | {averages} | {batches} |"


def window(mark: int, steps: int) -> range:
    """The steps nearest to a mark, counted from 1; the first step has no neighbours that are like it."""
    if mark == 1:
        return range(1, 2)
    first = max(1, min(mark - WINDOW // 2 + 1, steps - WINDOW + 1))
    return range(first, min(first + WINDOW, steps + 1))


def measure(recipe: str, changes: Iterable[str], seed: int, marks: Iterable[int]) -> dict[str, Any]:
    """Train one seed; returns what is kept of it."""
    plugins = discovery.load()
    assignments = [*changes, f"run.seed={seed}"]
    chosen, _ = resolver.read(locate.find(recipe, plugins), assignments, plugins.zoo)
    trainee = Session(chosen, device.accelerator(chosen.run))
    around = {mark: window(mark, trainee.steps) for mark in marks if mark <= trainee.steps}
    wanted = {step for steps in around.values() for step in steps}
    found: dict[str, dict[int, float]] = {player: {} for player in PLAYERS}
    clock = time.monotonic()
    for t in range(trainee.steps):
        trainee.step(t)
        if t + 1 in wanted:
            for player in PLAYERS:
                total = sum(value for _, name, value in trainee.engine.history if name.startswith(f"{player}/"))
                found[player][t + 1] = round(float(total), 4)
        trainee.engine.history.clear()
    seconds = round(time.monotonic() - clock)
    losses = {
        player: {mark: [found[player][step] for step in steps] for mark, steps in around.items()} for player in PLAYERS
    }
    return {"steps": trainee.steps, "changes": list(changes), "seconds": seconds, "losses": losses}


def rows(printed: list[dict[str, Any]], seeds: list[Losses]) -> list[Row]:
    """A row for each step that was printed, of the seeds that reached it."""
    found = []
    for k, player in enumerate(PLAYERS, start=1):
        values: dict[int, list[float]] = {}
        for one in printed:
            for line in one["losses"]:
                values.setdefault(line[0], []).append(line[k])
        found += [
            Row(step, player, values[step], reached)
            for step in sorted(values)
            if (reached := [losses[player][step] for losses in seeds if step in losses[player]])
        ]
    return found


def table(found: list[Row], kept: dict[str, Any]) -> str:
    verdicts = [row.verdict(value) for row in found for value in row.printed]
    counts = {name: verdicts.count(name) for name in ("averages", "batches", "below", "above")}
    trained = [f"Seed {seed}: {one['steps']:,} step{'s' * (one['steps'] > 1)}." for seed, one in kept.items()]
    told = (
        f"Of {len(verdicts)} printed values {counts['averages']} lie between the averages of the seeds, "
        f"{counts['batches']} more within two standard deviations of single batches, {counts['below']} below them and "
        f"{counts['above']} above."
    )
    head = "| step | loss of | printed, and where it lies | averages of 20 over seeds | single batches |"
    return "\n".join([textwrap.fill(" ".join([*trained, told]), 118), "", head, "|" + " --- |" * 5, *map(str, found)])


def insert(page: str, recipe: str, text: str) -> str:
    return marks.insert(page, marks.begin(f"benchmarks/seed_tables.py {recipe}"), text)


def read(recipe: str) -> dict[str, Any]:
    """{seed: what was kept of it}; JSON has made texts of the steps."""
    path = HERE / f"{recipe}.json"
    kept = json.loads(path.read_text()) if path.is_file() else {}
    for one in kept.values():
        one["losses"] = {
            player: {int(step): losses for step, losses in marks.items()} for player, marks in one["losses"].items()
        }
    return kept


def main() -> None:
    printed = tomllib.loads((HERE / "printed.toml").read_text())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", choices=sorted(printed))
    parser.add_argument("changes", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2], help="none: only show what was kept")
    parser.add_argument("--write", action="store_true", help="put the table into the recipe's page")
    chosen = parser.parse_args()
    about = printed[chosen.recipe]
    marks = sorted({line[0] for one in about["printed"] for line in one["losses"]})
    for seed in chosen.seeds:
        one = measure(chosen.recipe, chosen.changes, seed, marks)
        kept = {**read(chosen.recipe), str(seed): one}
        (HERE / f"{chosen.recipe}.json").write_text(json.dumps(dict(sorted(kept.items()))) + "\n")
    kept = read(chosen.recipe)
    if not kept:
        parser.error("nothing was measured yet: leave --seeds out")
    text = table(rows(about["printed"], [one["losses"] for one in kept.values()]), kept)
    print(text)
    if chosen.write:
        page = PAGES / about["page"]
        page.write_text(insert(page.read_text(), chosen.recipe, text))


if __name__ == "__main__":
    main()
