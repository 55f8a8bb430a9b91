"""Whether to stop before the end: one process was told to, or the time is up. All processes agree about it."""

from __future__ import annotations

import time

import torch

from ganzoo.utils import distributed
from ganzoo.utils.signals import StopFlag

MOST = 1000  # steps between two agreements, at most


class Stopping:
    """Asked after each step. Several processes agree about once a second, for each agreement makes them wait.

    limit: seconds from `since`, a time.monotonic(), after which the run is to stop; None for no limit.
    """

    def __init__(self, flag: StopFlag, device: torch.device, limit: float | None, since: float):
        self.flag = flag
        self.device = device
        self.limit = limit
        self.since = since
        self._left = 1
        self._steps = 1
        self._agreed_at = time.monotonic()

    def reason(self) -> str:
        """Why to stop now, the same on every process; empty to go on."""
        if self.limit is not None and time.monotonic() - self.since > self.limit:
            self.flag.reason = self.flag.reason or "run.max_time"
        if distributed.world_size() == 1:
            return self.flag.reason
        self._left -= 1
        return self._agreement() if self._left == 0 else ""

    def _agreement(self) -> str:
        seconds = time.monotonic() - self._agreed_at
        mine = torch.tensor([float(bool(self.flag)), seconds], device=self.device)
        share, each = distributed.reduce_mean(mine).tolist()
        self._steps = max(1, min(MOST, round(self._steps / max(1e-3, each))))  # as many as fit in a second
        self._left = self._steps
        self._agreed_at = time.monotonic()
        return (self.flag.reason or "another process") if share else ""
