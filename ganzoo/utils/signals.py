"""Handlers for SIGINT, SIGTERM and SIGUSR1, which only set a flag: training ends the step, saves the run and stops."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

# Ctrl-C; the signal of systems and torchrun before SIGKILL; an early one of batch systems (sbatch --signal=USR1@120).
STOP_SIGNALS = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGUSR1")]


class StopFlag:
    """A flag that a signal sets inside a `with` block; `reason` is the name of the signal.

    A second SIGINT raises KeyboardInterrupt. Outside the main thread, where Python receives no signals, nothing sets
    the flag.
    """

    def __init__(self) -> None:
        self.reason: str = ""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopFlag:
        if threading.current_thread() is threading.main_thread():
            for number in STOP_SIGNALS:
                self._before[number] = signal.signal(number, self._set)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _set(self, number: int, frame: FrameType | None) -> None:
        if self.reason and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.reason = signal.Signals(number).name

    def __bool__(self) -> bool:
        return bool(self.reason)
