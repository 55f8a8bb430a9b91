"""Signals only set a flag; the step in progress ends, the run is saved, and then the process stops."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

# Ctrl-C; what systems and torchrun send before SIGKILL; what batch systems can send early (sbatch --signal=USR1@120).
HEARD = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGUSR1")]


class StopFlag:
    """Raised by a signal inside a `with` block. A second SIGINT interrupts at once.

    Outside the main thread, where Python takes no signals, the flag stays down.
    """

    def __init__(self) -> None:
        self.reason: str = ""
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopFlag:
        if threading.current_thread() is threading.main_thread():
            for number in HEARD:
                self._before[number] = signal.signal(number, self._raise)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if self.reason and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.reason = signal.Signals(number).name

    def __bool__(self) -> bool:
        return bool(self.reason)
