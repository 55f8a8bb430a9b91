"""Stop conditions of a training run: a signal to one process, the end of `run.max_time`, or a plugin that asks for it.

All processes agree.
"""

from __future__ import annotations

import time

import torch

from ganzoo.utils import distributed
from ganzoo.utils.signals import StopFlag

LONGEST_INTERVAL = 1000  # steps between two agreements


class Stopping:
    """Decides after each step whether to stop.

    Several processes agree about once a second only, because each agreement makes them wait for each other.

    Args:
        flag: Raised by a signal.
        device: The device that this process trains on.
        limit: Seconds from `since` after which the run stops; None for no limit.
        since: A value of time.monotonic().
    """

    def __init__(self, flag: StopFlag, device: torch.device, limit: float | None, since: float):
        self.flag = flag
        self.device = device
        self.limit = limit
        self.since = since
        self._steps_left = 1
        self._interval = 1
        self._agreed_at = time.monotonic()

    def reason(self, asked: str = "") -> str:
        """Decide whether to stop now; all processes stop after the same step.

        Args:
            asked: The plugin that asks this process to stop, and why; "" for none.

        Returns:
            The reason to stop, or "" to continue.
        """
        self.flag.reason = self.flag.reason or asked
        if self.limit is not None and time.monotonic() - self.since > self.limit:
            self.flag.reason = self.flag.reason or "run.max_time"
        if distributed.world_size() == 1:
            return self.flag.reason
        self._steps_left -= 1
        return self._agreement() if self._steps_left == 0 else ""

    def _agreement(self) -> str:
        elapsed = time.monotonic() - self._agreed_at
        mine = torch.tensor([float(bool(self.flag)), elapsed], device=self.device)
        share, seconds = distributed.reduce_mean(mine).tolist()
        self._interval = max(1, min(LONGEST_INTERVAL, round(self._interval / max(1e-3, seconds))))  # steps in a second
        self._steps_left = self._interval
        self._agreed_at = time.monotonic()
        return (self.flag.reason or "another process") if share else ""
