"""Roofline of a recipe: the share of the machine's peaks that a training step reaches, and what the rest is spent on.

The shortest time that a step could take is that of its matrix products and convolutions, of its optimizer steps and of
its averaged weights, each at the peak that it reaches alone (Williams et al. 2009, "Roofline: an insightful visual
performance model"). The time of the step itself is longer by everything else: elementwise operations, normalisation,
random numbers, Python, and products too small for the peak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch.optim import Optimizer
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import flop_registry

from ganzoo.benchmark import peaks, throughput
from ganzoo.benchmark.peaks import Peaks
from ganzoo.config.recipe import Recipe
from ganzoo.utils import openmp
from ganzoo.utils.dispatch_mode import DispatchMode

STEPS = 16  # that are counted, and as many that are profiled: penalties that are due in every 16th step count once
OPERATORS = 12  # that are listed
AVERAGE_BYTES = 3 * 4  # per averaged weight: read the average and the weight, write the average
PRECISIONS = {"no": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Work:
    """Operations of a training step, averaged over steps.

    Attributes:
        product: FLOP of matrix products.
        convolution: FLOP of convolutions.
        updated: Parameters that optimizers update.
        averaged: Weights that are averaged.
    """

    product: float
    convolution: float
    updated: float
    averaged: float

    def shortest(self, at: Peaks) -> dict[str, float]:
        """Return the milliseconds that each kind of work takes at the peaks of a machine."""
        return {
            "products": 1000 * self.product / at.product,
            "convolutions": 1000 * self.convolution / at.convolution,
            "optimizer": 1000 * self.updated / at.optimizer,
            "average": 1000 * AVERAGE_BYTES * self.averaged / at.copy,
        }


@dataclass(frozen=True)
class Operator:
    """Time of one operator in a step.

    Attributes:
        name: Its name in torch.
        ms: Milliseconds per step, without the operators that it calls.
        calls: Calls per step.
    """

    name: str
    ms: float
    calls: float


def measure(recipe: Recipe, steps: int, warmup: int, rounds: int) -> dict[str, Any]:
    """Measure a recipe's throughput, and its share of the peaks of the machine.

    Args:
        recipe: The recipe.
        steps: Number of steps of a round.
        warmup: Number of steps before the first round.
        rounds: Number of rounds.

    Returns:
        The measurement of `throughput.measure()`, and "roofline": "peaks", first those of the threads and precision in
        use; the "work" of a step; "shortest_ms" of each kind of work at these peaks; "share" of the shortest time in
        the measured one; and "operators".

    Raises:
        GanzooError: The recipe cannot be trained.
    """
    uncompiled = replace(recipe, run=recipe.run.model_copy(update={"compile": False}))
    work = count(throughput.Training(uncompiled, STEPS), STEPS)
    training = throughput.Training(recipe, warmup + rounds * steps + 2 * STEPS)
    document = throughput.measure_training(training, steps, warmup, rounds)
    with training.threads:
        operators = profiled(training, STEPS)
    precision, threads = PRECISIONS[recipe.run.precision], document["threads"]
    machine = machine_peaks(training.device, threads, precision)
    shortest = work.shortest(machine[0])
    step = document["ms_per_step"]["median"]
    return {
        **document,
        "roofline": {
            "peaks": [asdict(one) for one in machine],
            "work": asdict(work),
            "shortest_ms": shortest,
            "share": sum(shortest.values()) / step,
            "operators": [asdict(operator) for operator in operators[:OPERATORS]],
            "other_operators_ms": sum(operator.ms for operator in operators[OPERATORS:]),
            "between_ms": max(0.0, step - sum(operator.ms for operator in operators)),
        },
    }


def count(training: throughput.Training, steps: int) -> Work:
    """Train some steps and count what they compute.

    Args:
        training: The training, not compiled; it continues.
        steps: Number of steps.

    Returns:
        The work of a step.
    """
    with _updates(training) as updates, _Operations() as operations:
        for _ in range(steps):
            training.step()
    averages = (training.session.ema, *training.session.ema.others.values())
    averaged = sum(tensor.numel() for average in averages for tensor in average.average.values())
    return Work(operations.product / steps, operations.convolution / steps, updates["parameters"] / steps, averaged)


class _Operations(DispatchMode):
    """Counts FLOP by PyTorch's formulas; its own FlopCounterMode refuses penalties that differentiate inputs.

    Attributes:
        product: FLOP of matrix products.
        convolution: FLOP of convolutions.
    """

    def __init__(self) -> None:
        super().__init__()
        self.product = 0
        self.convolution = 0

    def __torch_dispatch__(
        self, operator: Any, types: Any, arguments: tuple[Any, ...] = (), options: dict[str, Any] | None = None
    ) -> Any:
        result = operator(*arguments, **(options or {}))
        formula = flop_registry.get(operator._overloadpacket)
        if formula is None:
            return result
        flops = formula(*arguments, **(options or {}), out_val=result)
        if "convolution" in str(operator):
            self.convolution += flops
        else:
            self.product += flops
        return result


@contextmanager
def _updates(training: throughput.Training) -> Iterator[Counter[str]]:
    """Count the parameters that optimizers update inside the block."""
    updates: Counter[str] = Counter()

    def updated(optimizer: Optimizer, *_: Any) -> None:
        updates["parameters"] += sum(
            parameter.numel()
            for group in optimizer.param_groups
            for parameter in group["params"]
            if parameter.grad is not None
        )

    hooks = [one.register_step_pre_hook(updated) for one in training.session.engine.optimizers.values()]
    try:
        yield updates
    finally:
        for hook in hooks:
            hook.remove()


def profiled(training: throughput.Training, steps: int) -> list[Operator]:
    """Train some steps under PyTorch's profiler.

    Args:
        training: The training, which continues.
        steps: Number of steps.

    Returns:
        The operators, the longest first.
    """
    gpu = training.device.type != "cpu"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if training.device.type == "cuda" else [])]
    with profile(activities=activities, acc_events=True) as profiler:
        for _ in range(steps):
            training.step()
    operators = [
        Operator(
            str(event.key),
            (event.self_device_time_total if gpu else event.self_cpu_time_total) / 1000 / steps,
            event.count / steps,
        )
        for event in profiler.key_averages()
    ]
    return sorted(operators, key=lambda operator: -operator.ms)


def machine_peaks(device: torch.device, used: int, precision: torch.dtype) -> list[Peaks]:
    """Measure the peaks of a machine with one thread, with those in use, and with all, in float32 and bfloat16.

    Args:
        device: The device.
        used: CPU threads in use.
        precision: Precision in use.

    Returns:
        The peaks; first those of the threads and the precision in use.
    """
    numbers = {1, used, openmp.cores()} if device.type == "cpu" else {used}
    others = {(n, dtype) for n in numbers for dtype in (torch.float32, torch.bfloat16)} - {(used, precision)}
    return [peaks.measure(device, *one) for one in ((used, precision), *sorted(others, key=str))]
