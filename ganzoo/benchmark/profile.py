"""Profile of a training step: time of data, forward and backward pass, optimizer, averaged weights, and the rest."""

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

PARTS = ("data", "forward", "backward", "optimizer", "average", "engine")  # the engine has the rest


def now(device: torch.device) -> float:
    """Return the time in seconds, after the device has finished all its work."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
    return time.perf_counter()


def measure(training: Training, steps: int) -> dict[str, float]:
    """Train some steps and measure the time of each part.

    "forward" is the procedure's own computation between its yields, and "engine" the rest of the step. On a GPU each
    part waits for the device, so that the sum is longer than a step without profiling.

    Args:
        training: The training, which continues.
        steps: Number of steps.

    Returns:
        Part -> milliseconds per step.
    """
    clock, session = _Clock(training.device), training.session
    whole = clock.around("engine", training.step)
    with ExitStack() as stack:

        def replace(owner: Any, name: str, value: Any) -> None:
            stack.enter_context(patch.object(owner, name, value))

        replace(session, "batches", clock.through("data", session.batches))
        replace(session.procedure, "step", clock.forward(session.procedure.step))
        replace(Tensor, "backward", clock.around("backward", Tensor.backward))
        for optimizer in session.engine.optimizers.values():
            replace(optimizer, "step", clock.around("optimizer", optimizer.step))
            replace(optimizer, "zero_grad", clock.around("optimizer", optimizer.zero_grad))
        replace(session.ema, "update", clock.around("average", session.ema.update))
        for _ in range(steps):
            whole()
    return {part: 1000 * clock.spent[part] / steps for part in PARTS}


class _Clock:
    """Seconds spent in each part; the time of a nested part is subtracted from the outer one."""

    def __init__(self, device: torch.device):
        self.device = device
        self.spent = dict.fromkeys(PARTS, 0.0)
        self.inside = 0.0

    def around(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            outer = self.inside
            self.inside = 0.0
            start = now(self.device)
            try:
                return call(*arguments, **options)
            finally:
                whole = now(self.device) - start
                self.spent[part] += whole - self.inside
                self.inside = outer + whole

        return timed

    def through(self, part: str, values: Iterator[Batch]) -> Iterator[Batch]:
        next_value = self.around(part, values.__next__)
        while True:
            yield next_value()

    def forward(self, step: Callable[..., Iterator[Move]]) -> Callable[..., Iterator[Move]]:
        def moves(data: Iterator[Batch], t: int) -> Iterator[Move]:
            next_move = self.around("forward", lambda: next(iterator, None))
            iterator = step(data, t)
            while (move := next_move()) is not None:
                yield move

        return moves
