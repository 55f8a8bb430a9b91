"""Handlers of signals: a flag on which training ends the step, saves and stops; ends of commands; deadlines."""

from __future__ import annotations

import collections
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ganzoo.errors import UserInterrupt

# Ctrl-C; the signal of systems and torchrun before SIGKILL; an early one of batch systems (sbatch --signal=USR1@120).
STOP_SIGNALS = [number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGUSR1")]

# What ends other commands: SIGTERM, and SIGHUP of a terminal that is closed.
END_SIGNALS = [number for number in signal.Signals if number.name in ("SIGTERM", "SIGHUP")]


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
            raise UserInterrupt
        self.reason = signal.Signals(number).name

    def __bool__(self) -> bool:
        return bool(self.reason)


class _Late(BaseException):
    """The time of a deadline() is over. No `except Exception` keeps it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Leave the block after so many seconds, wherever in Python it is: a setting may ask for a billion repetitions.

    Where there are no such alarms (Windows, other threads than the main one), there is no deadline.

    Args:
        seconds: The time that the block may take.

    Yields:
        Nothing.

    Raises:
        TimeoutError: The time is over.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise_late)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)  # and again, where somebody kept it from leaving
    try:
        yield
    except _Late as late:
        raise TimeoutError(f"not done after {seconds:.0f} s") from late
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _raise_late(number: int, frame: FrameType | None) -> None:
    raise _Late


class Ending:
    """Raises KeyboardInterrupt inside a `with` block when a signal ends the command, so that it cleans up.

    The signals are SIGINT, SIGTERM, and SIGHUP of a terminal that is closed. The signal is remembered: libraries turn
    the exception into other errors, and one that is being imported may hide that it was interrupted.
    """

    def __init__(self) -> None:
        self._number: int = 0
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Ending:
        if threading.current_thread() is threading.main_thread():
            self._before[signal.SIGINT] = signal.signal(signal.SIGINT, self._set)
            for number in END_SIGNALS:
                if signal.getsignal(number) == signal.SIG_DFL:  # nohup ignores SIGHUP
                    self._before[number] = signal.signal(number, self._set)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _set(self, number: int, frame: FrameType | None) -> None:
        if self._number and number != signal.SIGINT:
            return  # let it clean up
        self._number = number
        raise UserInterrupt

    def __bool__(self) -> bool:
        return bool(self._number)

    @property
    def exit_code(self) -> int:
        """128 and the number of the signal, the convention of shells; that of SIGINT without one."""
        return 128 + int(self._number or signal.SIGINT)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end the process at once inside the block, also where it waits in a library for others."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def forget_interrupt() -> None:
    """Let Python end with the exit code that it is given, after a KeyboardInterrupt was handled.

    Where the interrupt came while Python evaluated a text, as it does to define dataclasses and named tuples, Python
    would otherwise end itself by SIGINT. The next text that it evaluates, here that of a named tuple, clears that.
    """
    collections.namedtuple("Cleared", ())
