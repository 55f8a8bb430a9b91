"""How fast a recipe trains, measured on the training step itself: nothing is drawn, saved or written."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch

from ganzoo.benchmark import profile
from ganzoo.config.recipe import Recipe
from ganzoo.training import device, nonfinite
from ganzoo.training.session import Session
from ganzoo.utils import distributed

EXCLUDED = "imports, reading the data, building the networks; pictures, checkpoints and the other files of a run"
SHARED_STEPS = 20  # at most so many are taken apart


class Training:
    """A recipe's training without a run folder: step() is the step of a run of so many, looked at as often."""

    def __init__(self, recipe: Recipe, steps: int):
        self.accelerator = device.accelerator(recipe.run)
        self.log = recipe.run.log
        self.t = 0
        self.trainee = Session(recipe, self.accelerator)
        self.trainee.steps = steps

    def step(self) -> None:
        self.trainee.engine.watched = (self.t + 1) % self.log == 0
        self.trainee.step(self.t)
        self.t += 1
        if self.t % self.log == 0:
            nonfinite.look(self.trainee.engine, self.t)
            self.trainee.engine.read()


def measure(recipe: Recipe, steps: int, warmup: int, rounds: int) -> dict[str, Any]:
    """Train `rounds` times `steps` steps after `warmup` and tell how long each round took, and where the time went.

    Errors: those of a run before its first step.
    """
    training = Training(recipe, warmup + rounds * steps + min(steps, SHARED_STEPS))
    for _ in range(warmup):
        training.step()
    seconds, processor = zip(*(_round(training, steps) for _ in range(rounds)), strict=True)
    peak = peak_bytes()
    shares = profile.measure(training, min(steps, SHARED_STEPS))
    world, trainee = distributed.world_size(), training.trainee
    images = steps * trainee.procedure.batches_per_step * recipe.run.batch_size * world
    return {
        "recipe": recipe.name,
        "device": str(training.accelerator.device),
        "processes": world,
        "threads": torch.get_num_threads(),
        "batch_size": recipe.run.batch_size,
        "steps": steps,
        "rounds": rounds,
        "seconds": statistics.median(seconds),
        "cpu_seconds": statistics.median(processor),
        "images": images,
        "images_per_second": images / statistics.median(seconds),
        "ms_per_step": spread([1000 * one / steps for one in seconds]),
        "shares_ms": shares,
        "peak_bytes": peak,
        "parameters": sum(p.numel() for owned in trainee.engine.parameters.values() for p in owned),
        "excluded": EXCLUDED,
    }


def _round(training: Training, steps: int) -> tuple[float, float]:
    """Seconds by the clock and by this process's processor."""
    distributed.wait_for_all()
    clock, processor = profile.now(training.accelerator.device), time.process_time()
    for _ in range(steps):
        training.step()
    return profile.now(training.accelerator.device) - clock, time.process_time() - processor


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def peak_bytes() -> int:
    """The most memory that this process has held so far; of the device's own where it has some."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
