"""Training and judging of all cells of one dataset that are missing and that no other process has."""

from __future__ import annotations

import base64
import shutil
import time
from collections.abc import Mapping, Sequence

import torch

from ganzoo.errors import GanzooError
from ganzoo.registry.discovery import Plugins
from ganzoo.utils import atomic
from standings import cells as records
from standings.cells import Cell, Cells, Task
from standings.judging import Judge
from standings.ranking import MAIN
from standings.systems import System
from standings.training import PROTOCOL, RUNS, Trained, train


class Runner:
    """Trains and judges the cells of one dataset.

    Args:
        systems: The systems by name.
        cells: The folder of cells.
        plugins: The plugins.
        judge: The judge of the dataset.
        seconds: CPU seconds of a cell.
        stale: Train cells again whose recipe or referee has changed.
        keep: Keep the runs, so that cells can be judged again without training.
    """

    def __init__(
        self,
        systems: Mapping[str, System],
        cells: Cells,
        plugins: Plugins,
        judge: Judge,
        seconds: float = PROTOCOL,
        stale: bool = False,
        keep: bool = False,
    ):
        self.systems = systems
        self.cells = cells
        self.plugins = plugins
        self.judge = judge
        self.seconds = seconds
        self.stale = stale
        self.keep = keep

    def run(self, tasks: Sequence[Task]) -> list[Task]:
        """Work on cells until none is left that can be taken. One that failed in another process is not tried again.

        Args:
            tasks: The cells, in this order.

        Returns:
            The cells that failed here.
        """
        began_at = time.time()
        outcomes: dict[Task, bool] = {}  # cell -> whether it was finished here; none is tried twice
        tried = -1
        while tried < len(outcomes):
            tried = len(outcomes)
            for task in tasks:
                if task in outcomes or not self.is_missing(task) or self.cells.claims.failure(task.key, began_at):
                    continue
                with self.cells.claim(task) as claimed:
                    if claimed and self.is_missing(task):  # another process may have finished it meanwhile
                        outcomes[task] = self._attempt(task)
        return [task for task, finished in outcomes.items() if not finished]

    def _attempt(self, task: Task) -> bool:
        """Finish a cell; when that is impossible, print and record the error, and return False."""
        try:
            self.finish(task)
        except GanzooError as error:
            self.cells.claims.fail(task.key, error.message)
            print(f"{task}: failed: {error.message}", flush=True)
            return False
        return True

    def is_missing(self, task: Task) -> bool:
        """Return True when a cell is to be trained."""
        cell = self.cells.read(task)
        if cell is None:
            return True
        changed = cell["digest"] != self.systems[task.system].digest
        return self.stale and (changed or not self.judge.has_protocol(cell.get("protocol")))

    def finish(self, task: Task) -> None:
        """Train, judge and write a cell.

        Args:
            task: The cell, which this process has taken.

        Raises:
            GanzooError: The recipe cannot be trained, or its samples cannot be judged.
        """
        system, folder = self.systems[task.system], self.cells.work(task)
        print(f"{task}: {system.command}, {self.seconds:g} CPU seconds", flush=True)
        trained = train(system.seeded(task.seed), self.plugins, folder, self.seconds, system.digest)
        cell = self.judged(task, trained)
        self.cells.write(task, cell)
        if not self.cells.real(task.data).is_file():
            atomic.write_file(self.cells.real(task.data), self.judge.real_picture())
        if not self.keep:
            shutil.rmtree(folder / RUNS, ignore_errors=True)
        distance = cell["scores"].get(MAIN)
        outcome = f"Fréchet distance {distance['value']:.4g}" if distance else cell["not_scored"]
        print(f"{task}: {outcome}; judged in {cell['judging']['cpu_seconds']:.0f} CPU seconds", flush=True)

    def judged(self, task: Task, trained: Trained) -> Cell:
        """Judge a training, and return the content of its cell."""
        system = self.systems[task.system]
        start = time.process_time()
        obstacle = self.judge.obstacle(trained)
        verdict = {"scores": {}} if obstacle else self.judge.verdict(system, trained)
        curve = [] if obstacle else self.judge.curve(system, trained)
        picture = self.judge.picture(trained)
        last = trained.points[-1] if trained.points else None
        return {
            "system": task.system,
            "data": task.data,
            "seed": task.seed,
            "recipe": system.recipe.name,
            "changes": list(system.changes),
            "digest": system.digest,
            "training": {
                "budget": self.seconds,
                "cpu_seconds": round(last.cpu_seconds, 2) if last else 0.0,
                "wall_seconds": round(last.wall_seconds, 2) if last else 0.0,
                "steps": last.step if last else 0,
                "planned": trained.planned,
                "images": last.images if last else 0,
                "batch_size": system.recipe.run.batch_size,
                "averaged": bool(system.recipe.run.ema),
                "parameters": trained.parameters,
            },
            "not_scored": obstacle,
            **verdict,
            "curve": curve,
            "picture": base64.b64encode(picture).decode(),
            "judging": {"cpu_seconds": round(time.process_time() - start, 1)},
            "machine": records.machine(),
            "threads": torch.get_num_threads(),
            "versions": records.versions(),
            "date": records.now(),
        }
