"""Calls of code that others wrote: what it raises is kept, and what it changes for the whole process is put back."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial, wraps
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from ganzoo.errors import UserInterrupt, describe, printable
from ganzoo.utils import torch_state

FOLDER = "the current folder"
_LOCK = threading.Lock()
_START = threading.Thread.start
_SEEDING = ("manual_seed", "manual_seed_all", "seed", "seed_all", "set_rng_state", "set_rng_state_all")  # of torch.cuda
_STRANGERS = set[int]()  # threads that run such code at the moment
_APART = set[int]()  # those of them that such code started
_watched = 0  # blocks and threads of such code that are not over
_originals: list[tuple[Any, str, Any]] = []  # replaced functions while there are some


class PluginWarning(UserWarning):
    """A warning of something that a plugin did and should not. `ganzoo` prints it as one line."""


def warn(message: str) -> None:
    """Warn of something that a plugin did."""
    warnings.warn(printable(message), PluginWarning, stacklevel=3)


class Isolated:
    """Calls code that others wrote, inside a `with` block, which no exception leaves but that of a real Ctrl-C.

    PyTorch's settings are put back after the block. Threads that are started inside draw random numbers of their own,
    so that a training does not depend on when they do.

    Args:
        settings: Whether settings are put back; needless for code of our own, which changes none.

    Attributes:
        error: What the code raised; None for nothing.
        changed: Names of the settings that were changed, and put back: PyTorch's, and the current folder.
    """

    def __init__(self, settings: bool = True) -> None:
        self.error: BaseException | None = None
        self._settings = settings
        self.changed: list[str] = []
        self._folder = ""
        self._open = ExitStack()

    def __enter__(self) -> Isolated:
        if self._settings:
            self._folder = _current_folder()
            self.changed = self._open.enter_context(torch_state.preserved())
        self._open.enter_context(_threads_of_their_own())
        self._open.enter_context(_ctrl_c_by_name())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._open.close()
        if self._folder and self._folder != _current_folder():
            os.chdir(self._folder)  # or a run of a relative path would go on in another folder
            self.changed.append(FOLDER)
        self.error = error
        return not isinstance(error, UserInterrupt)

    @property
    def failure(self) -> str:
        """The type and text of what was raised, on one line; "" for nothing."""
        return describe(self.error) if self.error else ""

    def changes(self, who: str, when: str) -> str:
        """Return the line that tells of changed settings."""
        of_torch = ", ".join(name for name in self.changed if name != FOLDER)
        names = [f"{of_torch} of PyTorch"] * bool(of_torch) + [FOLDER] * (FOLDER in self.changed)
        return f"{who} changed {' and '.join(names)} {when}, which ganzoo put back"

    def complaints(self, who: str, when: str) -> list[str]:
        """Return a line for the exception and one for changed settings, if there are any.

        Args:
            who: Whose code it was: "plugin acme/main".
            when: When it was called: "in ganzoo_run_start".

        Returns:
            No line, one or two.
        """
        lines = [f"{who} failed {when}: {self.failure}"] if self.error else []
        return [*lines, self.changes(who, when)] if self.changed else lines


def _current_folder() -> str:
    """Return the current folder, or "" where it was deleted."""
    try:
        return str(Path.cwd())
    except OSError:
        return ""


@contextmanager
def _ctrl_c_by_name() -> Iterator[None]:
    """Let Ctrl-C raise UserInterrupt inside the block, to tell it from a KeyboardInterrupt that code raises itself."""
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield  # a training has a handler of its own
        return
    signal.signal(signal.SIGINT, _raise_ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _raise_ctrl_c(number: int, frame: FrameType | None) -> None:
    raise UserInterrupt


@contextmanager
def _threads_of_their_own() -> Iterator[None]:
    """Let threads that are started inside the block draw from random generators of their own.

    PyTorch's generators belong to the process: a thread that draws from them changes the numbers that a training gets.
    """
    here = threading.get_ident()
    _watch(+1)
    _STRANGERS.add(here)
    try:
        yield
    finally:
        _STRANGERS.discard(here)
        _watch(-1)


def _watch(change: int) -> None:
    """Count blocks and threads, and replace the functions by which threads start and seed while there are some."""
    global _watched
    with _LOCK:
        _watched += change
        torch: Any = sys.modules.get("torch")
        if _watched and not _originals:
            _replace(threading.Thread, "start", _start)
        if _watched and len(_originals) == 1 and hasattr(torch, "random"):
            _replace(torch.random, "default_generator", _Generator(torch.random.default_generator))
            for name in _SEEDING:
                _replace(torch.cuda, name, _refused_apart(getattr(torch.cuda, name)))
        if _watched == 0:
            while _originals:
                owner, name, original = _originals.pop()
                setattr(owner, name, original)


def _replace(owner: Any, name: str, function: Any) -> None:
    _originals.append((owner, name, getattr(owner, name)))
    setattr(owner, name, function)


def _start(thread: threading.Thread) -> None:
    """Start a thread as Python does; one of a stranger, apart from the training."""
    if threading.get_ident() in _STRANGERS and "torch" in sys.modules:
        run: Any = thread.run
        thread.run = partial(_run_apart, run)  # type: ignore[method-assign]
    _START(thread)


def _run_apart(run: Callable[[], None]) -> None:
    from ganzoo.utils.rng import OwnNoise  # not at the top: it imports PyTorch

    _APART.add(threading.get_ident())
    try:
        with _threads_of_their_own(), OwnNoise(secrets.randbits(63), borrows=False):
            run()
    except SystemExit:  # ends a thread without a word, as in Python
        pass
    except BaseException as error:
        warn(f"a thread that a plugin started failed in {_place(error)}: {describe(error)}")
    finally:
        _APART.discard(threading.get_ident())


def _place(error: BaseException) -> str:
    """Return the module and line of a thread where an exception passed through the code that it runs."""
    frames = [(str(frame.f_globals.get("__name__")), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    module, line = next((place for place in frames if place[0] not in (__name__, "threading")), frames[-1])
    return f"{module}, line {line}"


class _Generator:
    """PyTorch's generator, as the functions of torch.random use it; threads of strangers cannot change it.

    In place of those functions, since a plugin may have imported them by name.
    """

    def __init__(self, generator: Any):
        self.get_state = generator.get_state
        self.initial_seed = generator.initial_seed
        self.manual_seed = _refused_apart(generator.manual_seed)
        self.seed = _refused_apart(generator.seed)
        self.set_state = _refused_apart(generator.set_state)


def _refused_apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that changes a generator of PyTorch, as it is for all threads but those of strangers."""

    @wraps(function)
    def refused(*args: Any, **more: Any) -> Any:
        if threading.get_ident() in _APART:
            raise RuntimeError("PyTorch's generators are for the training: use a torch.Generator() in a thread")
        return function(*args, **more)

    return refused
