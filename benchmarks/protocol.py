"""Shared code of the reference loops and scripts: command line, timing, the line of JSON, and MNIST.

Plain torch: neither this module nor a reference imports ganzoo. docs/benchmarks.md describes the protocol.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate


def options(words: list[str] | None = None) -> argparse.Namespace:
    """Parse the arguments of the protocol, and set the number of threads and the seed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--warmup", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ema", type=float, default=0.0)
    parser.add_argument("--log", type=int, default=100)
    parser.add_argument("--root", type=Path, default=os.environ.get("GANZOO_DATA"))
    chosen = parser.parse_args(words)
    if chosen.root is None:
        parser.error("say where MNIST/raw lies: --root FOLDER, or the variable GANZOO_DATA")
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(chosen.seed)
    return chosen


def keep_freed_memory() -> None:
    """Tell glibc to keep freed blocks; by default it returns those above 128 KiB to the kernel."""
    if sys.platform.startswith("linux"):
        trim_threshold, mmap_threshold = -1, -3
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(mmap_threshold, 2**25)
        mallopt(trim_threshold, 2**30)


def report(step: Callable[[int], object], chosen: argparse.Namespace, batches: int, networks: list[nn.Module]) -> None:
    """Run and time the steps, and print the measurements as one line of JSON.

    Args:
        step: Function that trains one step, called with its index.
        chosen: Arguments of the protocol.
        batches: Number of batches of real images that one step draws.
        networks: Networks whose parameters are counted.
    """
    for t in range(chosen.warmup):
        step(t)
    wall_start = time.perf_counter()
    cpu_start = time.process_time()
    for t in range(chosen.warmup, chosen.warmup + chosen.steps):
        step(t)
    seconds = time.perf_counter() - wall_start
    cpu_seconds = time.process_time() - cpu_start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    measured = {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "images": chosen.steps * batches * chosen.batch_size,
        "peak_bytes": peak,
        "parameters": sum(p.numel() for network in networks for p in network.parameters()),
    }
    print(json.dumps(measured))


def images(root: Path, size: int = 28) -> Tensor:
    """Read MNIST's training images from torchvision's unpacked files.

    Args:
        root: Folder that contains MNIST/raw.
        size: Width and height; sizes other than 28 are interpolated.

    Returns:
        The images (60000, 1, size, size), uint8.
    """
    raw = np.fromfile(root / "MNIST/raw/train-images-idx3-ubyte", np.uint8, offset=16)
    x = torch.from_numpy(raw).view(-1, 1, 28, 28)
    if size == 28:
        return x
    chunks = [interpolate(part.float(), size, mode="bilinear", antialias=True) for part in x.split(4096)]
    return torch.cat([chunk.round().byte() for chunk in chunks])


def labels(root: Path) -> Tensor:
    """Return MNIST's training labels, (60000,) int64."""
    return torch.from_numpy(np.fromfile(root / "MNIST/raw/train-labels-idx1-ubyte", np.uint8, offset=8)).long()


def orders(length: int, batch_size: int, seed: int) -> Iterator[Tensor]:
    """Yield the indices of each batch, shuffled in every epoch, without a smaller last batch."""
    noise = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(length, generator=noise)[: length - length % batch_size].split(batch_size)


def endless(loader: Iterable[Any]) -> Iterator[Any]:
    """Yield the batches of one epoch after another."""
    while True:
        yield from loader


class Average:
    """Exponential moving average of a network's weights; a decay of 0 disables it."""

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.updates = 0
        self.weights = [p.data for p in network.parameters()]
        self.averages = [p.clone() for p in self.weights] if decay else []

    def update(self) -> None:
        if self.decay:
            decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
            torch._foreach_lerp_(self.averages, self.weights, 1 - decay)
            self.updates += 1
