"""How fast a recipe trains, measured on the training step itself: nothing is drawn, saved or written."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import torch
from accelerate.utils import set_seed

from ganzoo import bench_shares, build, device, health
from ganzoo.data import Batches
from ganzoo.ema import Ema
from ganzoo.engine import Engine
from ganzoo.rates import Rates
from ganzoo.recipe import Recipe

EXCLUDED = "imports, reading the data, building the networks; pictures, checkpoints and the other files of a run"
SHARED_STEPS = 20  # at most so many are taken apart


class Trainee:
    """One recipe with its data, networks and optimizers; step() is the step of a run, with its numbers read back."""

    def __init__(self, recipe: Recipe, steps: int):
        self.recipe, self.steps, self.t = recipe, steps, 0
        self.accelerator = device.accelerator(recipe.run)
        rank, world = self.accelerator.process_index, self.accelerator.num_processes
        settings, dataset = recipe.run, build.dataset(recipe)
        self.batches = Batches(
            dataset, settings.batch_size, settings.seed, self.accelerator.device, rank, world, settings.workers
        )
        self.procedure = build.procedure(recipe, dataset.spec)
        build.check_fit(self.procedure, dataset.spec)
        if settings.compile:
            build.compile_networks(self.procedure)
        self.engine = Engine(self.procedure, build.optimizers(recipe.optimizer), self.accelerator, settings.clip)
        self.ema = Ema(self.procedure, settings.ema) if settings.ema else None
        self.rates = Rates(recipe.schedule, self.engine.optimizers)
        set_seed(settings.seed + rank)

    def step(self) -> None:
        self.rates.set(self.t, self.steps)
        self.engine.step(self.batches, self.t)
        if self.ema:
            self.ema.update()
        self.t += 1
        if self.t % self.recipe.run.log == 0:
            health.look(self.engine, self.t)
            self.engine.read()


def measure(recipe: Recipe, steps: int, warmup: int, rounds: int) -> dict[str, Any]:
    """Train `rounds` times `steps` steps after `warmup` and tell how long each round took, and where the time went.

    Errors: those of a run before its first step.
    """
    trainee = Trainee(recipe, warmup + rounds * steps + min(steps, SHARED_STEPS))
    for _ in range(warmup):
        trainee.step()
    seconds, processor = zip(*(_round(trainee, steps) for _ in range(rounds)), strict=True)
    peak = peak_bytes()
    shares = bench_shares.measure(trainee, min(steps, SHARED_STEPS))
    world = trainee.accelerator.num_processes
    images = steps * trainee.procedure.batches_per_step * recipe.run.batch_size * world
    return {
        "recipe": recipe.name,
        "device": str(trainee.accelerator.device),
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


def _round(trainee: Trainee, steps: int) -> tuple[float, float]:
    """Seconds by the clock and by this process's processor."""
    trainee.accelerator.wait_for_everyone()
    clock, processor = bench_shares.now(trainee.accelerator.device), time.process_time()
    for _ in range(steps):
        trainee.step()
    return bench_shares.now(trainee.accelerator.device) - clock, time.process_time() - processor


def spread(values: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def peak_bytes() -> int:
    """The most memory that this process has held so far; of the device's own where it has some."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
