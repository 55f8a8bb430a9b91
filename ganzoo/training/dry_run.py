"""Dry runs: a recipe is built on the meta device, without memory, data or training; then a few steps are timed."""

from __future__ import annotations

import math
import time
from contextlib import closing, suppress
from typing import Any

import psutil
import torch
from torch import nn

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data import sampler
from ganzoo.data.inspection import absent_classes, narrow_range
from ganzoo.data.loader import batches_per_epoch
from ganzoo.errors import DataError
from ganzoo.interfaces import Dataset
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.registry.zoo import Zoo
from ganzoo.training import device, memory, optim, shorten, trackers
from ganzoo.training.engine import named, owned
from ganzoo.training.forecast import FIRST_WINDOW, GRIDS, Forecast, Stopwatch, stopwatch
from ganzoo.training.initial_weights import InitialWeights, trained_weights
from ganzoo.training.session import Session, memory_need
from ganzoo.training.snapshots import Snapshots
from ganzoo.training.threads import Threads
from ganzoo.utils import distributed, signals
from ganzoo.utils.meta import meta_device

LIMIT = 120.0  # seconds for the steps that are timed; those of a hostile recipe may never end


def inspect(recipe: Recipe, zoo: Zoo) -> dict[str, Any]:
    """Build a recipe on the meta device, and describe what it would train.

    Missing data is a remark, not an error, if the dataset knows its shape without it.

    Args:
        recipe: The recipe.
        zoo: The components, for the evaluation.

    Returns:
        The description, for JSON; "memory_bytes" is the memory of weights, gradients, optimizers and averaged weights,
        "peak_bytes" is left to measure(),
        "examples" the number of examples, or None if the data is missing.

    Raises:
        GanzooError: The recipe cannot be trained, as a run would find out before its first step.
    """
    accelerator = device.accelerator(recipe.run)
    trackers.find(recipe.run.trackers)
    dataset = instantiate.dataset(recipe)
    spec = dataset.spec
    remarks = [*filter(None, [device.slow_precision(recipe.run.precision, accelerator.device)])]
    length = None
    try:
        length = len(dataset)
    except DataError as error:
        remarks.append(f"the data is not there yet: {error.message}")
    else:
        batches_per_epoch(length, recipe.run.batch_size, distributed.world_size())
        if recipe.run.balance:
            sampler.balanced(dataset)
    with meta_device():
        procedure = instantiate.procedure(recipe, spec)
        instantiate.check_fit(procedure, spec)
        instantiate.check_batch(procedure, recipe.run.batch_size)
    if weights := trained_weights(recipe.run):
        remarks.append(InitialWeights(weights, recipe, dataset, procedure).report())
    if recipe.evaluate.every:
        Evaluator(recipe, dataset, zoo, procedure.conditional)
    optimizers = optim.optimizer_factory(recipe.optimizer)
    needed = memory_need(recipe, dataset, procedure, optimizers)
    memory.compare(needed, accelerator.device)
    if recipe.run.compile:
        instantiate.check_compile(procedure)
    if length is not None:
        remarks += _data_remarks(dataset)
    players = {}
    for player, trained in named(procedure, owned(procedure)).items():
        stand_ins = [
            (name, nn.Parameter(torch.zeros(()).expand(p.shape))) for name, p in trained
        ]  # one number each, on the CPU
        optimizers(player, stand_ins)
        numbers = sum(p.numel() for _, p in trained)
        players[player] = {"parameters": numbers, "optimizer": recipe.optimizer.of(player).entry.full_name}
    return {
        "recipe": recipe.name,
        "dataset": recipe.dataset.entry.full_name,
        "examples": length,
        "spec": {"shape": list(spec.shape), "classes": spec.classes, "vocab": spec.vocab},
        "procedure": recipe.procedure.entry.full_name,
        "parts": {
            name: [blueprint.entry.full_name for blueprint in (part if isinstance(part, list) else [part])]
            for name, part in recipe.parts.items()
        },
        "players": players,
        "sample_shape": [recipe.run.batch_size, *spec.shape],
        "memory_bytes": needed.networks,
        "peak_bytes": None,
        "remarks": remarks,
    }


def _data_remarks(dataset: Dataset) -> list[str]:
    """Return what is worth a look in the data. A dataset that is loaded as a whole is not loaded for it."""
    remarks: list[str] = []
    if not dataset.in_memory:
        with suppress(DataError):  # an example that cannot be read is named when steps are timed
            remarks += narrow_range(dataset, whole=False)
    return [*dataset.remarks(), *remarks]


def measure(recipe: Recipe, needed: int) -> tuple[dict[str, Any], list[str]]:
    """Train a few steps without a run folder, and tell how long the whole training takes here, and how much memory.

    Args:
        recipe: The recipe.
        needed: Bytes of memory that its networks need, from inspect().

    Returns:
        The description, for JSON: "time" holds "seconds", "text", and "shorter", settings for a training of an hour
        where it takes hours; "peak_bytes" is the memory of the whole process. Both are None if no step could be timed.
        Then remarks: why none was, and on classes without examples.

    Raises:
        GanzooError: The recipe cannot be trained, which its first steps have shown.
    """
    if needed > psutil.virtual_memory().available:
        return {"time": None, "peak_bytes": None}, [
            "no step was timed: this machine has too little free memory at present"
        ]
    try:
        with signals.deadline(LIMIT):
            accelerator = device.accelerator(recipe.run)
            session = Session(recipe, accelerator)
            forecast = time_steps(recipe, session)
            peak = _peak_bytes(session)
            ways = shorten.ways(recipe, session.dataset.spec, forecast, accelerator)
    except TimeoutError:
        return {"time": None, "peak_bytes": None}, [
            f"no step was timed: the first ones take more than {LIMIT:g} s. Does a setting ask for many repetitions?"
        ]
    except (RuntimeError, MemoryError) as error:
        return {"time": None, "peak_bytes": None}, [f"no step was timed: {error}"]
    took = {"seconds": forecast.seconds, "text": f"about {forecast}", "shorter": ways}
    return {"time": took, "peak_bytes": peak}, absent_classes(session.dataset)


def _peak_bytes(session: Session) -> int:
    """Estimate the peak memory of a run from that of its first steps: a checkpoint copies its largest file twice."""
    peak, device = memory.peak_bytes(), session.engine.accelerator.device
    if device.type == "cuda":
        return peak
    states = [memory.bytes_of(state.values()) for o in session.engine.optimizers.values() for state in o.state.values()]
    largest = max(memory.bytes_of(session.procedure.state_dict().values()), sum(states))
    resident: int = psutil.Process().memory_info().rss
    return max(peak, resident + 2 * largest)


def time_steps(recipe: Recipe, session: Session, seconds: float = FIRST_WINDOW, patience: float = math.inf) -> Forecast:
    """Train for a moment, draw a grid unless it should be quick, and forecast the time of the whole training.

    Args:
        recipe: The recipe.
        session: Its networks and data; they are trained.
        seconds: How long to train.
        patience: Seconds that a step may take: no grid is drawn, and timing ends with the second step that takes
            longer, not counting the first of all. While the number of threads is being chosen, a step with one may take
            as many times longer as there may be threads.

    Returns:
        The forecast; checkpoints and scores are left out.
    """
    watch = stopwatch(recipe, session.steps, session.engine.accelerator.device, seconds)
    with closing(session.batches), Threads(recipe.run, session.engine.accelerator.device) as threads:
        step_seconds = _step_seconds(session, threads, watch, patience)
        if patience == math.inf:
            snapshots = Snapshots(recipe, session)
            snapshots.pictures()  # the first reads the real samples
            with watch.timed(GRIDS):
                snapshots.pictures()
    return watch.forecast(0, step_seconds)


def _step_seconds(session: Session, threads: Threads, watch: Stopwatch, patience: float) -> float:
    """Train until a step has been timed, with the number of threads that a run would choose."""
    most = threads.policy.options[-1]
    t = 0
    slow: list[float] = []
    while True:
        fewest = threads.policy.threads == threads.policy.options[0]
        start = time.monotonic()
        with threads.timed():
            session.step(t % session.steps)
        elapsed = time.monotonic() - start
        t += 1
        if threads.settled and (forecast := watch.step(t)):
            return forecast.step_seconds
        hopeless = patience if threads.settled else patience * most if fewest else math.inf
        if t > 1 and elapsed > hopeless:
            slow.append(elapsed)
        if len(slow) == 2:  # one alone may be a neighbour's fault
            return min(slow)
