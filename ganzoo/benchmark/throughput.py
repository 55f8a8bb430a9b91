"""Throughput of training steps alone: images per second, milliseconds per step, peak memory. No file is written."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import Any

from ganzoo.benchmark import profile
from ganzoo.config.recipe import Recipe
from ganzoo.training import device, memory, nonfinite
from ganzoo.training.session import Session
from ganzoo.training.threads import Threads
from ganzoo.utils import distributed

EXCLUDED = "imports, reading the data, building the networks; pictures, checkpoints and the other files of a run"
PROFILED_STEPS = 20  # at most


class Training:
    """The training of a recipe without a run folder, with the checks and readings of a run.

    Args:
        recipe: The recipe.
        steps: Number of steps of the whole training, for schedules.
    """

    def __init__(self, recipe: Recipe, steps: int):
        accelerator = device.accelerator(recipe.run)
        self.device = accelerator.device
        self.log = recipe.run.log
        self.t = 0
        self.threads = Threads(recipe.run, accelerator.device)
        self.session = Session(recipe, accelerator)
        self.session.steps = steps

    def step(self) -> None:
        """Train one step, and read the logged values if they are due."""
        self.session.engine.watched = (self.t + 1) % self.log == 0
        with self.threads.timed():
            self.session.step(self.t)
        self.t += 1
        if self.t % self.log == 0:
            nonfinite.check(self.session.engine, self.t)
            self.session.engine.read()


def measure(recipe: Recipe, steps: int, warmup: int, rounds: int) -> dict[str, Any]:
    """Measure the speed and memory of a recipe's training.

    Args:
        recipe: The recipe.
        steps: Number of steps of a round.
        warmup: Number of steps before the first round; more if the number of threads is not chosen by then.
        rounds: Number of rounds.

    Returns:
        The measurement, as `ganzoo bench --json` prints it.

    Raises:
        GanzooError: The recipe cannot be trained.
    """
    return measure_training(Training(recipe, warmup + rounds * steps + PROFILED_STEPS), steps, warmup, rounds)


def measure_training(training: Training, steps: int, warmup: int, rounds: int) -> dict[str, Any]:
    """Measure the speed and memory of a training, which continues; see measure()."""
    with training.threads:
        for _ in range(warmup):
            training.step()
        while not training.threads.settled:
            training.session.steps += 1
            training.step()
        seconds, cpu_seconds = zip(*(_round(training, steps) for _ in range(rounds)), strict=True)
        peak = memory.peak_bytes()
        shares = profile.measure(training, min(steps, PROFILED_STEPS))
    processes, session, recipe = distributed.world_size(), training.session, training.session.recipe
    images = steps * session.procedure.batches_per_step * recipe.run.batch_size * processes
    return {
        "recipe": recipe.name,
        "device": str(training.device),
        "processes": processes,
        "threads": training.threads.policy.chosen,
        "batch_size": recipe.run.batch_size,
        "steps": steps,
        "rounds": rounds,
        "seconds": statistics.median(seconds),
        "cpu_seconds": statistics.median(cpu_seconds),
        "images": images,
        "images_per_second": images / statistics.median(seconds),
        "ms_per_step": spread([1000 * elapsed / steps for elapsed in seconds]),
        "shares_ms": shares,
        "peak_bytes": peak,
        "parameters": sum(p.numel() for parameters in session.engine.parameters.values() for p in parameters),
        "excluded": EXCLUDED,
    }


def _round(training: Training, steps: int) -> tuple[float, float]:
    """Train one round; return its seconds, and the seconds of processor time of this process."""
    distributed.wait_for_all()
    start, cpu_start = profile.now(training.device), time.process_time()
    for _ in range(steps):
        training.step()
    return profile.now(training.device) - start, time.process_time() - cpu_start


def spread(values: Sequence[float]) -> dict[str, float]:
    """Return the median, the smallest and the largest value."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}
