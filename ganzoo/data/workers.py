"""Streaming: examples are read one by one and stacked into batches, in this process or in worker processes."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, default_collate

from ganzoo.data.validation import check
from ganzoo.errors import DataError, GanzooError, SetupError, describe
from ganzoo.interfaces import Batch, Dataset
from ganzoo.utils.signals import STOP_SIGNALS

Key = tuple[int, list[int]]
"""The seed of one batch, for random numbers that its examples draw, and the indices of its examples."""


def stream(dataset: Dataset, keys: Iterator[Key], workers: int) -> Generator[Batch, None, None]:
    """Yield the batch of each key, checked, on the CPU. Errors of the dataset are raised as they are.

    Args:
        dataset: The dataset.
        keys: Seed and indices of each batch.
        workers: Number of worker processes; 0 reads in this process.

    Yields:
        The batches.

    Raises:
        SetupError: A worker process died.
    """
    loader = DataLoader(
        _Batched(dataset),
        batch_size=None,
        sampler=keys,
        num_workers=workers,
        collate_fn=_unchanged,
        worker_init_fn=_prepare,
        generator=torch.Generator(),  # its own, because the loader draws a number, which would change the noise
    )
    try:
        yield from _read(loader)
    except Exception as error:
        if not workers:
            raise
        with _unheard():
            traceback.clear_frames(error.__traceback__)  # frees the loader, which ends the other processes
        if not isinstance(error, (RuntimeError, OSError, EOFError)) or str(error).startswith("Caught "):
            raise  # an error of the dataset, passed on by the loader
        raise SetupError(
            f"a worker process that reads data died, or cannot be reached ({str(error) or type(error).__name__}); "
            "memory, shared memory or open files may have run out. "
            "Use fewer workers: run.workers=0 reads in the training process."
        ) from error


def _read(loader: DataLoader[Batch | GanzooError]) -> Iterator[Batch]:
    """Yield the batches of the loader, and raise the errors among them."""
    with _no_alarm():
        batches = iter(loader)
    for batch in batches:
        if isinstance(batch, GanzooError):
            raise batch
        yield batch


@contextmanager
def _unheard() -> Iterator[None]:
    """Drop errors of destructors inside the block, such as that of a loader whose constructor failed halfway."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def _no_alarm() -> Iterator[None]:
    """Keep the loader from setting a handler for SIGCHLD.

    When a worker dies, that handler raises at any point of this process, even in the middle of a step or of saving.
    Without it, the loader notices a dead worker within seconds, when the next batch is requested.
    """
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        yield  # the loader sets no handler here either
        return
    before = signal.getsignal(signal.SIGCHLD)
    try:
        yield
    finally:
        if before is not None:  # None: a handler that was not set by Python, which cannot restore it
            signal.signal(signal.SIGCHLD, before)


def batch_seed(seed: int, number: int) -> int:
    """Return the seed of one batch, which is different for every seed of a run and every batch."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


class _Batched(torch.utils.data.Dataset[Batch | GanzooError]):
    """A dataset that returns whole batches.

    Errors are returned, not raised: an error raised in a worker arrives as text with a traceback.
    """

    def __init__(self, dataset: Dataset):
        self.dataset = dataset

    def __getitem__(self, key: Key) -> Batch | GanzooError:
        seed, indices = key
        try:
            with _drawing_from(seed):
                batch = self._stacked([self.dataset[i] for i in indices], indices)
            check(batch, self.dataset.spec, type(self.dataset).__name__)
        except GanzooError as error:
            return error
        except Exception:
            raise
        except BaseException as error:  # would end a worker, with its traceback on the terminal
            raise RuntimeError(f"dataset {type(self.dataset).__name__} raised {describe(error)}") from error
        return batch

    def _stacked(self, examples: list[Batch], indices: list[int]) -> Batch:
        try:
            batch: Batch = default_collate(examples)
        except (RuntimeError, OSError, KeyError, TypeError) as error:
            if _are_alike(examples):  # then it is not they that cannot be put together
                reason = str(error).partition("\n")[0] or type(error).__name__
                raise SetupError(
                    f"a batch of {len(examples)} examples cannot be put together ({reason}): memory, shared memory "
                    "(/dev/shm) or open files have run out. Use a smaller run.batch_size, or fewer workers: "
                    "run.workers=0 needs no shared memory."
                ) from error
            raise DataError(
                f"dataset {type(self.dataset).__name__}: examples {', '.join(map(str, indices))} do not fit into one "
                f"batch ({str(error).partition(chr(10))[0]}). Give all of them the same keys, shapes and types."
            ) from error
        return batch


def _are_alike(examples: list[Batch]) -> bool:
    """Tell whether all examples have the same keys, shapes and types of tensors."""
    if not all(isinstance(value, torch.Tensor) for example in examples for value in example.values()):
        return False
    kinds = [{key: (value.shape, value.dtype) for key, value in example.items()} for example in examples]
    return all(kind == kinds[0] for kind in kinds)


def _prepare(worker: int) -> None:
    """Prepare a worker process: signals and errors are for the training process to tell."""
    Queue._on_queue_feeder_error = staticmethod(_end_in_silence)  # type: ignore[attr-defined]
    _ignore_signals()


def _end_in_silence(error: Exception, batch: object) -> None:
    """End this process when a batch cannot be sent. Python would print a traceback, and nobody would get a batch."""
    os._exit(1)


def _ignore_signals() -> None:
    """Ignore the signals that a terminal or a cluster sends to all processes of a command.

    The training process decides how to react to them. Worker processes end when their loader is freed, when the
    training process tells them to (as Python does before it exits), or when they notice that it is gone.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_the_parent, args=(os.getppid(),), daemon=True).start()
    else:  # macOS does not tell who sent a signal: one that is sent to all processes ends this one, too
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_the_parent(parent: int) -> None:
    """End this process on a SIGTERM from its parent; ignore those from other processes."""
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)


def _unchanged(batch: Any) -> Any:
    return batch


@contextmanager
def _drawing_from(seed: int) -> Iterator[None]:
    """Seed all random generators, and restore them afterwards.

    The numbers that examples draw then depend on the batch alone, not on the number of workers or on a resume.
    """
    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed all GPUs
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])
