"""Examples read one at a time and made into batches, in this process or in `workers` others."""

from __future__ import annotations

import os
import random
import signal
import threading
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, default_collate

from ganzoo.data.validation import check
from ganzoo.errors import DataError, GanzooError, SetupError
from ganzoo.interfaces import Batch, Dataset
from ganzoo.utils.signals import HEARD

Key = tuple[int, list[int]]
"""One batch: the seed of whatever its examples draw at random, and their indices."""


def stream(dataset: Dataset, keys: Iterator[Key], workers: int) -> Generator[Batch, None, None]:
    """The batch of each key, checked, on the CPU.

    Errors: those of the dataset, as it raised them, from whichever process; SetupError for a process that died.
    """
    loader = DataLoader(
        _Batched(dataset),
        batch_size=None,
        sampler=keys,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=_leave_signals,
        generator=torch.Generator(),  # of its own: the loader draws a number that would be missing from the noise
    )
    try:
        yield from _read(loader)
    except Exception as error:
        if not workers:
            raise
        traceback.clear_frames(error.__traceback__)  # lets go of the loader, and so of the processes that are left
        if not isinstance(error, (RuntimeError, OSError, EOFError)) or str(error).startswith("Caught "):
            raise  # the dataset's own, as the loader hands it on
        raise SetupError(
            f"a process that reads data died, or cannot be reached ({str(error) or type(error).__name__}); "
            "memory, shared memory or open files may have run out. "
            "Go on with fewer of them: run.workers=0 reads in the training process."
        ) from error


def _read(loader: DataLoader[Batch | GanzooError]) -> Iterator[Batch]:
    with _no_alarm():
        batches = iter(loader)
    for batch in batches:
        if isinstance(batch, GanzooError):
            raise batch
        yield batch


@contextmanager
def _no_alarm() -> Iterator[None]:
    """The loader would have a death raise wherever this process happens to be, in the middle of a step or of saving.

    Without its handler it finds out when it is asked for a batch, within seconds.
    """
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        yield  # where the loader sets no handler either
        return
    before = signal.getsignal(signal.SIGCHLD)
    try:
        yield
    finally:
        if before is not None:  # None is a handler of another language, which Python cannot put back
            signal.signal(signal.SIGCHLD, before)


def batch_seed(seed: int, number: int) -> int:
    """The seed of one batch: another one for every run and every batch of it, on whichever process."""
    return int(np.random.SeedSequence((seed, number)).generate_state(1)[0])


class _Batched(torch.utils.data.Dataset[Batch | GanzooError]):
    """A dataset by whole batches. Errors are values here: raised in a worker, they arrive as text with a traceback."""

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
        return batch

    def _stacked(self, examples: list[Batch], indices: list[int]) -> Batch:
        try:
            batch: Batch = default_collate(examples)
        except (RuntimeError, KeyError, TypeError) as error:
            raise DataError(
                f"dataset {type(self.dataset).__name__}: examples {', '.join(map(str, indices))} do not fit into one "
                f"batch ({str(error).partition(chr(10))[0]}). Give all of them the same keys, shapes and types."
            ) from error
        return batch


def _leave_signals(worker: int) -> None:
    """A terminal or a cluster tells all processes of a command to stop; the training process decides what comes of it.

    Processes that read end when they are let go of, when the training process tells them to (as Python does at its
    end, and then waits for them), or when they find that it is no more.
    """
    for number in HEARD:
        signal.signal(number, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_the_parent, args=(os.getppid(),), daemon=True).start()
    else:  # macOS cannot tell who sent a signal: one to all processes ends this one, too
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_with_the_parent(parent: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != parent:
        pass
    os._exit(0)


def _as_it_is(batch: Any) -> Any:
    return batch


@contextmanager
def _drawing_from(seed: int) -> Iterator[None]:
    """What examples draw depends on the batch alone: alike with any number of workers, and after a resume."""
    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would seed every GPU too
        random.seed(seed)
        np.random.seed(seed)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])
