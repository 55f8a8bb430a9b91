"""Peaks of a machine: the highest rates at which its processor or GPU multiplies, convolves, copies and optimizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from ganzoo.benchmark.profile import now

SECONDS = 0.2  # of repetitions of one operation
SIDES = (512, 1024)  # of the matrices
CHANNELS, SIDE, BATCH = 64, 32, 32  # of the convolved images
COPIED, UPDATED = 2**24, 2**21  # numbers copied, and parameters updated; no cache holds the first
ADAM_TENSORS = 8


@dataclass(frozen=True)
class Peaks:
    """Highest rates that single operations reach on a device.

    Attributes:
        threads: CPU threads in use.
        precision: "float32" or "bfloat16", of products and convolutions.
        product: FLOP per second of a product of two square matrices.
        convolution: FLOP per second of a 3x3 convolution with 64 channels, at 32x32.
        copy: Bytes per second, those read and those written.
        optimizer: Parameters in float32 that fused Adam updates per second.
    """

    threads: int
    precision: str
    product: float
    convolution: float
    copy: float
    optimizer: float


def measure(device: torch.device, threads: int, dtype: torch.dtype = torch.float32) -> Peaks:
    """Measure the peaks of a device. Takes about two seconds.

    Args:
        device: The device.
        threads: CPU threads.
        dtype: Precision of products and convolutions.

    Returns:
        The peaks.
    """
    with _threads(threads):
        return Peaks(
            threads,
            str(dtype).removeprefix("torch."),
            _product(device, dtype),
            _convolution(device, dtype),
            _copy(device),
            _optimizer(device),
        )


def _product(device: torch.device, dtype: torch.dtype) -> float:
    rates = []
    for side in SIDES:
        a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
        rates.append(2 * side**3 / _shortest(partial(torch.matmul, a, b), device))
    return max(rates)


def _convolution(device: torch.device, dtype: torch.dtype) -> float:
    operations = 2 * BATCH * SIDE**2 * CHANNELS**2 * 9
    weight = torch.randn(CHANNELS, CHANNELS, 3, 3, device=device).to(dtype)
    rates = []
    for layout in (torch.contiguous_format, torch.channels_last):
        x = torch.randn(BATCH, CHANNELS, SIDE, SIDE, device=device).to(dtype).to(memory_format=layout)
        rates.append(operations / _shortest(partial(F.conv2d, x, weight, padding=1), device))
    return max(rates)


def _copy(device: torch.device) -> float:
    source, target = (torch.zeros(COPIED, device=device) for _ in range(2))
    return 2 * 4 * COPIED / _shortest(lambda: target.copy_(source), device)


def _optimizer(device: torch.device) -> float:
    parameters = [nn.Parameter(torch.zeros(UPDATED // ADAM_TENSORS, device=device)) for _ in range(ADAM_TENSORS)]
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, 1e-3)
    adam = torch.optim.Adam(parameters, fused=True)
    return UPDATED / _shortest(adam.step, device)


@torch.no_grad()
def _shortest(call: Callable[[], Any], device: torch.device) -> float:
    """Return the shortest duration of a call in seconds, of as many as fit the time, but three or more."""
    call()
    durations: list[float] = []
    while len(durations) < 3 or sum(durations) < SECONDS:
        start = now(device)
        call()
        durations.append(now(device) - start)
    return min(durations)


@contextmanager
def _threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)
