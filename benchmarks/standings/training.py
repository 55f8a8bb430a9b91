"""Training of one cell under the league's protocol: a number of CPU seconds on one thread, with checkpoints.

CPU seconds are the process time of the training steps alone. Start-up, reading the data, building the networks,
checkpoints and evaluation do not count. Training ends after the step that uses up the last second. A recipe with a
learning-rate schedule, which depends on the number of steps, is timed first: its `run.steps` is the number of steps
that fit. Training ends there, even if some seconds are left.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ganzoo.config.recipe import Recipe
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import retention
from ganzoo.sampling.run import Run
from ganzoo.training import device, nonfinite
from ganzoo.training.checkpointer import Checkpointer
from ganzoo.training.nonfinite import NonFiniteError
from ganzoo.training.recorder import NullRecorder
from ganzoo.training.session import Session
from ganzoo.utils import atomic

PROTOCOL = 300.0  # CPU seconds of a cell
MARKS = (0.1, 0.25, 0.5, 1.0)  # checkpoints, as shares of the CPU seconds
WARM_UP, TIMED_STEPS, TIMED_SHARE = 3, 5, 0.01  # steps before timing; at least so many steps and so much of the time
UNPLANNED = 10**9  # steps of a run that ends by its time alone
RUNS, RECORD = "runs", "training.json"


@dataclass(frozen=True)
class Point:
    """A checkpoint.

    Attributes:
        step: Steps trained.
        cpu_seconds: Process time of these steps.
        wall_seconds: Their duration.
        images: Real images that they used.
    """

    step: int
    cpu_seconds: float
    wall_seconds: float
    images: int


@dataclass(frozen=True)
class Trained:
    """A finished training.

    Attributes:
        run: The run, whose checkpoints are those of the points.
        points: The checkpoints; none if training diverged before the first.
        planned: `run.steps` of a recipe with a schedule, None for others.
        diverged: Reason for which training ended early, or "".
        parameters: Number of trained parameters of each player.
    """

    run: Run
    points: tuple[Point, ...]
    planned: int | None
    diverged: str
    parameters: dict[str, int]

    def checkpoint(self, point: Point) -> Path:
        """Return the folder of a checkpoint."""
        return self.run.checkpoints / retention.name_of(point.step)


class Training:
    """Training steps of a recipe, with the checks of a run, and their process time and duration.

    Args:
        recipe: The recipe.
        steps: Number of steps of the whole training, for schedules.
    """

    def __init__(self, recipe: Recipe, steps: int):
        self.log = recipe.run.log
        self.session = Session(recipe, device.accelerator(recipe.run))
        self.session.steps = steps
        self.t = 0
        self.cpu_seconds = 0.0
        self.wall_seconds = 0.0

    def step(self) -> None:
        """Train one step, add its time, and check at the interval of the recipe that all values are finite.

        Raises:
            NonFiniteError: A value is NaN or infinite.
        """
        cpu, wall = time.process_time(), time.perf_counter()
        self.session.step(self.t)
        self.cpu_seconds += time.process_time() - cpu
        self.wall_seconds += time.perf_counter() - wall
        self.t += 1
        if self.t % self.log == 0:
            nonfinite.check(self.session.engine, self.t)
            self.session.engine.read()


def train(
    recipe: Recipe,
    plugins: Plugins,
    folder: Path,
    seconds: float,
    digest: str,
    marks: tuple[float, ...] = MARKS,
) -> Trained:
    """Train a recipe for a number of CPU seconds, or return the training that an earlier process finished.

    Args:
        recipe: The recipe, with the seed of the cell.
        plugins: The plugins.
        folder: Folder of the cell's run; what an unfinished training left there is removed.
        seconds: CPU seconds of the steps.
        digest: Digest of the recipe: a finished training of another recipe is not used.
        marks: Checkpoints, as shares of the CPU seconds; the last is 1.

    Returns:
        The training.

    Raises:
        GanzooError: The recipe cannot be trained.
    """
    key = {"digest": digest, "seconds": seconds, "seed": recipe.run.seed, "marks": [*marks]}
    if finished := _finished(folder, key):
        return finished
    shutil.rmtree(folder / RUNS, ignore_errors=True)
    (folder / RECORD).unlink(missing_ok=True)
    planned = plan(recipe, seconds) if recipe.schedule else None
    training = Training(recipe, planned or UNPLANNED)
    run = Run.create(recipe, folder / RUNS)
    with closing(training.session.batches):
        training.session.write_resolved(run)
        points: list[Point] = []
        diverged = ""
        try:
            for point in _steps(training, run, plugins, [mark * seconds for mark in marks], planned):
                points.append(point)
        except NonFiniteError as error:
            diverged = f"step {training.t:,}: {error.what}"
    owned = training.session.engine.parameters
    parameters = {player: sum(p.numel() for p in parameters) for player, parameters in owned.items()}
    trained = Trained(run, tuple(points), planned, diverged, parameters)
    record = {**asdict(trained), "run": run.folder.name, "key": key}
    atomic.write_json(folder / RECORD, record)
    return trained


def _finished(folder: Path, key: dict[str, Any]) -> Trained | None:
    """Return the training that a record describes, or None if there is none with this key."""
    try:
        record = json.loads((folder / RECORD).read_bytes())
    except (OSError, ValueError):
        return None
    if record.pop("key") != key or not (folder / RUNS / record["run"]).is_dir():
        return None
    points = tuple(Point(**point) for point in record["points"])
    return Trained(**{**record, "run": Run(folder / RUNS / record["run"]), "points": points})


def plan(recipe: Recipe, seconds: float) -> int:
    """Return the number of steps that fit into a number of CPU seconds, by timing the first steps of a training.

    Args:
        recipe: The recipe.
        seconds: CPU seconds.

    Returns:
        The number of steps, at least 1.
    """
    training = Training(recipe, UNPLANNED)
    with closing(training.session.batches):
        while training.t < WARM_UP:
            training.step()
        warm = training.cpu_seconds
        while training.t < WARM_UP + TIMED_STEPS or training.cpu_seconds - warm < TIMED_SHARE * seconds:
            training.step()
    return max(1, int(seconds * (training.t - WARM_UP) / (training.cpu_seconds - warm)))


def _steps(training: Training, run: Run, plugins: Plugins, times: list[float], planned: int | None) -> Iterator[Point]:
    """Train, and yield the checkpoint at each of these CPU seconds after it was written.

    Raises:
        NonFiniteError: A value is NaN or infinite.
    """
    recipe, session = training.session.recipe, training.session
    settings = recipe.run.model_copy(update={"keep": len(times) + 1})
    packages = plugins.versions(recipe.owners())
    checkpointer = Checkpointer(run, settings, session, NullRecorder(), packages)
    for end in times:
        while training.cpu_seconds < end and training.t != planned:
            training.step()
        if training.t == checkpointer.saved_at:
            return  # all planned steps were trained before this time
        checkpointer.save(training.t, last=True)
        images = session.batches.position * recipe.run.batch_size
        yield Point(training.t, training.cpu_seconds, training.wall_seconds, images)
