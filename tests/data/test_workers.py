"""Streaming: in this process or in workers, the same examples, the same random draws, the same one-line errors."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from multiprocessing import reduction, resource_sharer
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganzoo import Batch, DataError, Dataset
from ganzoo.data import workers
from ganzoo.data.loader import Batches
from ganzoo.errors import SetupError
from ganzoo.utils.signals import STOP_SIGNALS
from ganzoo_builtins.datasets import pictures
from ganzoo_builtins.datasets.folder import Folder
from helpers.noisy import Noisy

CPU = torch.device("cpu")
Started = Callable[[], list[BaseProcess]]
in_workers = pytest.mark.parametrize("workers", [0, pytest.param(2, marks=pytest.mark.slow)])


class Failing(Noisy):
    """A dataset whose example 7 is damaged, raises an error, or kills the process that reads it."""

    def __init__(self, how: str):
        self.how = how

    def __getitem__(self, i: int) -> Batch:
        if i == 7 and self.how == "damaged":
            raise DataError("cannot read seven.png: it is cut short. Mend it.")
        if i == 7 and self.how == "larger":
            return {"x": torch.zeros(5)}
        if i == 7 and self.how == "faulty":
            raise RuntimeError("no such tensor")
        if i == 7:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"x": torch.zeros(4)}


class CountingThreads(Noisy):
    """A dataset that tells the number of threads of the process that reads it."""

    def __getitem__(self, i: int) -> Batch:
        return {"x": torch.full((4,), float(torch.get_num_threads()))}


class TellingSignals(Noisy):
    """A dataset that tells how many of the signals that end a command are ignored by the process that reads it."""

    def __getitem__(self, i: int) -> Batch:
        ignored = sum(signal.getsignal(number) == signal.SIG_IGN for number in STOP_SIGNALS)
        return {"x": torch.full((4,), float(ignored))}


def batches(dataset: Dataset, workers: int, seed: int = 0, rank: int = 0, world: int = 1) -> Batches:
    return Batches.of(dataset, 4, seed, CPU, rank, world, workers)


def drawn(made: Batches, n: int) -> torch.Tensor:
    return torch.cat([batch["x"] for batch in islice(made, n)])


@pytest.fixture(params=["fork", "spawn"])
def start_method(request: pytest.FixtureRequest) -> Iterator[str]:
    before = multiprocessing.get_start_method()
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(before, force=True)


@pytest.fixture
def started() -> Iterator[Started]:
    """Return the living processes that a test has started, and check that no signal handler of a loader is left."""
    before, alarm = multiprocessing.active_children(), signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    yield lambda: [process for process in multiprocessing.active_children() if process not in before]
    signal.signal(signal.SIGCHLD, alarm)


@pytest.mark.slow
def test_workers_draw_what_one_process_draws_however_they_are_started(start_method: str) -> None:
    alone = drawn(batches(Noisy(), 0), 12)
    assert torch.equal(drawn(batches(Noisy(), 2), 12), alone)


def test_no_two_batches_draw_the_same_noise() -> None:
    """No two batches have the same seed, in any epoch, process or run."""
    runs = [(0, 0, 2), (0, 1, 2), (1, 0, 2)]
    noise = torch.cat([drawn(batches(Noisy(), 0, *run), 12)[:, 1:] for run in runs])
    for generator in noise.T:
        assert len(set(generator.tolist())) == len(generator) == 3 * 12 * 4


@pytest.mark.slow
def test_workers_have_one_thread_each() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert drawn(batches(CountingThreads(), 2), 4).unique().tolist() == [1.0]
        assert drawn(batches(CountingThreads(), 0), 4).unique().tolist() == [2.0]
    finally:
        torch.set_num_threads(before)


def test_workers_ignore_the_signals_that_reach_all_processes_of_a_command() -> None:
    assert drawn(batches(TellingSignals(), 1), 4).unique().tolist() == [float(len(STOP_SIGNALS))]
    here = sum(signal.getsignal(number) is signal.SIG_IGN for number in STOP_SIGNALS)  # 1 in a script's background
    assert drawn(batches(TellingSignals(), 0), 4).unique().tolist() == [float(here)]
    assert here < len(STOP_SIGNALS)


@in_workers
def test_a_resumed_stream_draws_the_noise_it_would_have_drawn(workers: int) -> None:
    straight = drawn(batches(Noisy(), 0), 15)
    made = batches(Noisy(), workers)
    made.seek(6)
    assert torch.equal(drawn(made, 9), straight[6 * 4 :])


def test_what_examples_draw_leaves_every_generator_as_it_was() -> None:
    before = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    drawn(batches(Noisy(), 0), 3)
    after = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


@in_workers
def test_an_error_of_the_dataset_arrives_as_it_was_raised(started: Started, workers: int) -> None:
    with pytest.raises(DataError) as caught:
        drawn(batches(Failing("damaged"), workers), 10)
    assert caught.value.message == "cannot read seven.png: it is cut short. Mend it."
    assert started() == []


@in_workers
def test_a_damaged_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: int) -> None:
    monkeypatch.setattr(pictures, "IN_MEMORY", 0)
    for i in range(12):
        Image.new("RGB", (8, 8)).save(tmp_path / f"{i:02}.png")
    (tmp_path / "07.png").write_bytes(b"nonsense")
    with pytest.raises(DataError) as caught:
        drawn(batches(Folder(str(tmp_path)), workers), 3)
    assert caught.value.message.startswith(f"cannot read {tmp_path / '07.png'}: ")
    assert "Traceback" not in caught.value.message


def test_examples_that_do_not_fit_together_are_named() -> None:
    with pytest.raises(DataError, match=r"dataset Failing: examples .*\b7\b.* do not fit into one batch"):
        drawn(batches(Failing("larger"), 0), 10)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("unable to write to file </torch_1_2>: No space left on device (28)"),
        RuntimeError("unable to mmap 8 bytes from file <filename not specified>: Cannot allocate memory (12)"),
        OSError(24, "Too many open files"),
    ],
)
def test_memory_that_has_run_out_is_not_the_examples_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(examples: object) -> None:
        raise error

    monkeypatch.setattr("ganzoo.data.workers.default_collate", fails)
    with pytest.raises(SetupError, match=r"shared memory .* Use a smaller run\.batch_size, or fewer workers"):
        drawn(batches(Failing("nothing"), 0), 1)


@pytest.mark.slow
def test_a_worker_that_dies_is_told_with_what_to_do(started: Started) -> None:
    """Both workers die, one after the other; the death of the second one raises no signal later."""
    with pytest.raises(SetupError, match=r"a worker process that reads data died.*run\.workers=0") as caught:
        drawn(batches(Failing("killed"), 2), 10)
    assert caught.value.__cause__ is not None
    assert started() == []
    assert signal.getsignal(signal.SIGCHLD) is signal.SIG_DFL


class Unsendable(Noisy):
    """A dataset whose process runs out of files when it sends the first batch."""

    def __getitem__(self, i: int) -> Batch:
        def fails(*_: object) -> None:
            raise OSError(24, "Too many open files")

        resource_sharer.DupFd = fails  # type: ignore[assignment, misc]
        reduction.DupFd = fails  # type: ignore[assignment]
        return {"x": torch.zeros(4)}


def test_a_worker_prints_no_traceback_of_its_own(started: Started, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SetupError, match=r"a worker process that reads data died.*run\.workers=0"):
        drawn(batches(Unsendable(), 1), 1)
    assert capfd.readouterr().err == ""
    assert started() == []


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loader_that_fails_halfway_says_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(torch.multiprocessing, "Queue", fails)
    heard: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", heard.append)
    with pytest.raises(SetupError, match=r"cannot be reached \(\[Errno 30\] Read-only file system\)"):
        drawn(batches(Noisy(), 1), 1)
    assert (heard, capfd.readouterr().err) == ([], "")


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_a_dataset_that_raises_anything_at_all_is_named(error: type[BaseException]) -> None:
    class Leaving(Noisy):
        def __getitem__(self, i: int) -> Batch:
            raise error("bye")

    with pytest.raises(RuntimeError, match=f"dataset Leaving raised {error.__name__}: bye"):
        drawn(batches(Leaving(), 0), 1)


@pytest.mark.slow
def test_a_worker_that_dies_during_a_step_is_noticed_after_it(started: Started) -> None:
    """A dead worker is not reported during a step, nor while a checkpoint is written."""
    made = batches(Noisy(), 2)
    next(made)
    for worker in started():
        worker.kill()
    for _ in range(300):
        time.sleep(0.001)  # any line may be where a handler's error arrives
    with pytest.raises(SetupError, match="a worker process that reads data died"):
        drawn(made, 10)


@pytest.mark.slow
def test_a_stream_that_is_let_go_of_ends_its_processes_at_once(started: Started) -> None:
    """The garbage collector would wait ten seconds for them, at any point of the program."""
    made = batches(Noisy(), 2)
    next(made)
    del made
    assert started() == []


@in_workers
def test_a_stream_that_was_closed_goes_on_where_it_was(workers: int) -> None:
    """Batches that were read ahead are dropped."""
    straight = drawn(batches(Noisy(), 0), 9)
    made = batches(Noisy(), workers)
    before = drawn(made, 4)
    made.close()
    assert torch.equal(torch.cat([before, drawn(made, 5)]), straight)


class Broken:
    """A loader whose worker died before it sent a batch that it had announced."""

    def __init__(self, error: Exception):
        self.error = error

    def __iter__(self) -> Iterator[Batch]:
        raise self.error


@pytest.mark.parametrize("error", [ConnectionResetError(104, "Connection reset by peer"), EOFError()], ids=type)
def test_a_batch_that_cannot_be_fetched_is_a_death_too(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    monkeypatch.setattr(workers, "DataLoader", lambda *_, **settings: Broken(error))
    with pytest.raises(SetupError, match=r"cannot be reached \(.*(Connection reset by peer|EOFError)\)"):
        next(batches(Noisy(), 2))


@in_workers
def test_a_fault_of_a_dataset_is_not_taken_for_a_death(workers: int) -> None:
    with pytest.raises(RuntimeError, match="no such tensor"):
        drawn(batches(Failing("faulty"), workers), 10)


@pytest.mark.slow
def test_a_stream_that_nobody_lets_go_of_does_not_keep_its_process_from_ending(tmp_path: Path) -> None:
    script = tmp_path / "unfinished.py"
    script.write_text("from test_workers import Noisy, batches\nheld = batches(Noisy(), 2)\nnext(held)\n")
    path = os.pathsep.join(
        [str(Path(__file__).parent), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", ""), *sys.path]
    )
    done = subprocess.run([sys.executable, script], timeout=60, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0
