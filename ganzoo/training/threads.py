"""The number of CPU threads of a training run: fixed, or chosen by measuring steps while the run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from ganzoo.config.recipe import RunSettings
from ganzoo.training.thread_policy import ThreadPolicy
from ganzoo.utils import distributed, openmp

LINES = 10  # changes that are reported; later ones are only recorded


class Threads:
    """Sets the number of threads before each step, as a context manager around the training.

    `run.threads = "auto"` measures on a CPU (see ThreadPolicy). Where that is impossible, the number is fixed: a GPU's
    steps do not depend on it; several processes would disturb each other's measurements, so each uses its share of the
    cores; `run.compile` would compile the networks again for each number; and `run.deterministic` excludes a choice
    that depends on time. OMP_NUM_THREADS is an upper bound in every case.

    Args:
        settings: The table `run`.
        device: The device that this process trains on.
        clock: Returns the time in seconds.
    """

    def __init__(
        self,
        settings: RunSettings,
        device: torch.device,
        clock: Callable[[], float] = time.perf_counter,
    ):
        self.remark = _remark(settings)
        self.policy = ThreadPolicy(options(settings, device))
        self.measuring = len(self.policy.options) > 1
        self.clock = clock
        self._before = torch.get_num_threads()
        self._used = self._before
        self._reported = 0
        self._chosen = 0

    def __enter__(self) -> Threads:
        self._before = torch.get_num_threads()
        self._used = self._before
        self._use(self.policy.threads)
        return self

    def __exit__(self, *_: object) -> None:
        self._use(self._before)

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Run one training step inside the block, with the number of threads that is due, and time it."""
        if not self.measuring:
            yield
            return
        self._use(self.policy.threads)
        began = self.clock()
        yield
        self.policy.report(self.clock() - began)

    @property
    def settled(self) -> bool:
        """False while the first measurement goes on."""
        return not self.measuring or self.policy.comparisons > 0

    def __str__(self) -> str:
        fewest, most = self.policy.options[0], self.policy.options[-1]
        return f"{fewest} to {most} threads" if self.measuring else _threads(fewest)

    @property
    def number(self) -> int | str:
        """The number, or the range that it is chosen from."""
        fewest, most = self.policy.options[0], self.policy.options[-1]
        return f"{fewest} to {most}, chosen by measuring" if self.measuring else fewest

    def news(self) -> str:
        """Return a line for the user if the number has changed since the last call, otherwise ""."""
        policy = self.policy
        if policy.comparisons == 0 or policy.chosen == self._chosen or self._reported == LINES:
            return ""
        self._chosen = policy.chosen
        self._reported += 1
        paces = ", ".join(f"{_milliseconds(seconds)} with {_threads(n)}" for n, seconds in policy.paces.items())
        last = "; later changes are only recorded" if self._reported == LINES else ""
        return f"a step takes {paces}: training with {_threads(policy.chosen)}{last}"

    def _use(self, n: int) -> None:
        if n != self._used:
            torch.set_num_threads(n)
            self._used = n


def options(settings: RunSettings, device: torch.device) -> list[int]:
    """Return the numbers of threads that a run may use, ascending; one if there is nothing to choose.

    Args:
        settings: The table `run`.
        device: The device that this process trains on.

    Returns:
        Powers of two, and the largest number allowed.
    """
    default = torch.get_num_threads()  # lower than the number of cores if a program has set it so
    limit = openmp.thread_limit() or 1024
    if settings.threads != "auto":
        return [min(settings.threads, limit)]
    if device.type != "cpu":
        return [default]
    if settings.deterministic:
        return [1]
    largest = max(1, min(default, limit, openmp.cores() // distributed.local_world_size()))
    if settings.compile or distributed.world_size() > 1:
        return [largest]
    return [*(2**k for k in range((largest - 1).bit_length())), largest]


def _remark(settings: RunSettings) -> str:
    limit = openmp.thread_limit()
    if settings.threads == "auto" or limit is None or limit >= settings.threads:
        return ""
    return f"run.threads is {settings.threads}, but OMP_NUM_THREADS={limit} allows no more than {_threads(limit)}"


def _threads(n: int) -> str:
    return f"{n} thread" if n == 1 else f"{n} threads"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms"
