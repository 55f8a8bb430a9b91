"""League of the zoo: every GAN that generates images, on MNIST and Fashion-MNIST, under one protocol.

    python benchmarks/league.py                              # trains every cell that is missing
    python benchmarks/league.py gan dcgan --data mnist       # only these GANs, on this data
    python benchmarks/league.py --list                       # which cells there are, and which are taken or stale
    python benchmarks/league.py --stale                      # trains stale cells again, too
    python benchmarks/league.py --render                     # writes docs/league.md from the cells, trains nothing

A cell is one GAN on one dataset with one seed: 300 CPU seconds of training steps on one thread, then 10,000 samples
judged by the referee of the data. It is stored as benchmarks/league_cells/<data>/<gan>-<seed>.json. docs/league.md says
how cells are trained and judged, and which GANs compete.

Any number of processes may work on the league: each takes the next cell that no other one has. A process that is killed
leaves no cell behind, and the next one trains it. `--keep` keeps the runs, so that `--stale` can judge them again
without training after a change of the referee. `--seconds` shortens the training to try the way; such cells do not
count, and need another folder, `--cells`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import torch

from ganzoo.config.component import Blueprint
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from standings import page
from standings.cells import Cells, Task
from standings.judging import Judge
from standings.page import League
from standings.ranking import SEEDS, current_judge, staleness
from standings.runner import Runner
from standings.systems import DATA, System, pages, survey
from standings.training import PROTOCOL

TOP = Path(__file__).resolve().parents[1]
CELLS = TOP / "benchmarks/league_cells"
PAGE, IMAGES, GALLERY = TOP / "docs/league.md", TOP / "docs/images/league", TOP / "docs/zoo/index.md"


def leagues(cells: Cells, plugins: Plugins, data: tuple[str, ...] = DATA) -> list[League]:
    """Return the systems and cells of each dataset."""
    return [League(name, *survey(plugins, name), cells.all(name)) for name in data]


def render(cells: Cells, plugins: Plugins) -> None:
    """Write docs/league.md, its pictures and its charts."""
    page.write(leagues(cells, plugins), cells, PAGE, IMAGES, pages(GALLERY))


def listing(league: League, seeds: list[int], cells: Cells) -> list[str]:
    """Return a line for each cell of a dataset: trained, stale, taken by a process, or missing."""
    lines = []
    judge = current_judge(league.cells)
    for task in tasks(league.data, league.systems, seeds):
        cell = cells.read(task)
        if cells.is_taken(task):
            state = f"taken by {cells.owner(task)}"
        elif cell is None:
            state = "missing"
        else:
            reason = staleness(cell, league.systems[task.system], judge)
            state = f"stale: {reason}" if reason else "trained"
        lines.append(f"{task!s:40} {state}")
    return lines


def tasks(data: str, systems: Mapping[str, System], seeds: list[int]) -> list[Task]:
    """Return the cells of a dataset: every GAN with the first seed, then every GAN with the next one."""
    return [Task(data, system, seed) for seed in seeds for system in systems]


def parse() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gan", nargs="*", help="Only these GANs.")
    parser.add_argument("--data", choices=DATA, action="append", help="Only this data; repeatable.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[*SEEDS])
    parser.add_argument("--seconds", type=float, default=PROTOCOL, help="CPU seconds of a cell. [300]")
    parser.add_argument("--cells", type=Path, default=CELLS, help="Folder of the cells.")
    parser.add_argument("--stale", action="store_true", help="Train cells again whose recipe or referee has changed.")
    parser.add_argument("--keep", action="store_true", help="Keep the runs below the folder of the cells.")
    parser.add_argument("--list", action="store_true", help="List the cells, and train nothing.")
    parser.add_argument("--render", action="store_true", help="Write the page, and train nothing.")
    options = parser.parse_args()
    if options.seconds != PROTOCOL and options.cells.resolve() == CELLS:
        parser.error(f"a cell of the league is trained for {PROTOCOL:g} CPU seconds: give another folder by --cells")
    return options


def main() -> None:
    """Train the cells that are missing, or list or render them."""
    options = parse()
    torch.set_num_threads(1)
    plugins, cells = discovery.load(), Cells(options.cells)
    if options.render:
        render(cells, plugins)
        return
    failed: list[Task] = []
    for league in leagues(cells, plugins, tuple(options.data or DATA)):
        if unknown := {*options.gan} - {*league.systems}:
            sys.exit(f"no GAN of the league is called {', '.join(sorted(unknown))}: {', '.join(league.systems)}")
        chosen = {name: system for name, system in league.systems.items() if name in (options.gan or league.systems)}
        if options.list:
            print("\n".join(listing(league, options.seeds, cells)))
            continue
        dataset = Blueprint(plugins.zoo.find("dataset", league.data))
        judge = Judge(plugins, dataset, next(iter(chosen.values())).recipe)
        try:
            with cells.alone(league.data):
                judge.prepare()
        except GanzooError as error:
            sys.exit(f"Error: {error.message}")
        runner = Runner(chosen, cells, plugins, judge, options.seconds, options.stale, options.keep)
        failed += runner.run(tasks(league.data, chosen, options.seeds))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("stopped: the cell in progress is not stored, and the next process trains it")
