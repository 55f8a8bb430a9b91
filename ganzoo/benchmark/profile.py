"""Where the time of a training step goes: data, forward, backward, optimizer, average, and the engine with the rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import torch
from torch import Tensor

from ganzoo.interfaces import Batch, Move

if TYPE_CHECKING:
    from ganzoo.benchmark.throughput import Training

PARTS = ("data", "forward", "backward", "optimizer", "average", "engine")


def now(device: torch.device) -> float:
    """Seconds, after everything that was handed to the device is done."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter()


def measure(training: Training, steps: int) -> dict[str, float]:
    """Train some more steps with a clock around each part: part -> milliseconds a step.

    "forward" is what the procedure computes between its yields, "engine" what is left of the whole. Where the work is
    done elsewhere, waiting for it at every part makes the sum longer than a step that is left alone.
    """
    clock, trainee = _Clock(training.accelerator.device), training.trainee
    whole = clock.around("engine", training.step)
    with ExitStack() as stack:

        def replace(owner: Any, name: str, value: Any) -> None:
            stack.enter_context(patch.object(owner, name, value))

        replace(trainee, "batches", clock.through("data", trainee.batches))
        replace(trainee.procedure, "step", clock.forward(trainee.procedure.step))
        replace(Tensor, "backward", clock.around("backward", Tensor.backward))
        for optimizer in trainee.engine.optimizers.values():
            replace(optimizer, "step", clock.around("optimizer", optimizer.step))
            replace(optimizer, "zero_grad", clock.around("optimizer", optimizer.zero_grad))
        if trainee.ema:
            replace(trainee.ema, "update", clock.around("average", trainee.ema.update))
        for _ in range(steps):
            whole()
    return {part: 1000 * clock.spent[part] / steps for part in PARTS}


class _Clock:
    """Seconds spent in each part; a part inside another is taken from it."""

    def __init__(self, device: torch.device):
        self.device = device
        self.spent = dict.fromkeys(PARTS, 0.0)
        self.inside = 0.0

    def around(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **more: Any) -> Any:
            outer = self.inside
            self.inside = 0.0
            start = now(self.device)
            try:
                return call(*arguments, **more)
            finally:
                whole = now(self.device) - start
                self.spent[part] += whole - self.inside
                self.inside = outer + whole

        return timed

    def through(self, part: str, values: Iterator[Batch]) -> Iterator[Batch]:
        following = self.around(part, values.__next__)
        while True:
            yield following()

    def forward(self, step: Callable[..., Iterator[Move]]) -> Callable[..., Iterator[Move]]:
        def moves(data: Iterator[Batch], t: int) -> Iterator[Move]:
            following = self.around("forward", lambda: next(made, None))
            made = step(data, t)
            while (move := following()) is not None:
                yield move

        return moves
