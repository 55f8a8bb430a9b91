"""Code of others: what it raises is kept in words, and PyTorch is afterwards as it was before."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.overrides import BaseTorchFunctionMode

from ganzoo.errors import UserInterrupt
from ganzoo.utils import torch_state
from ganzoo.utils.isolation import Isolated, PluginWarning

_ENTERED: list[Any] = []


def enter(context: AbstractContextManager[Any]) -> None:
    """Enter a context for good, as careless code does."""
    _ENTERED.append(context)
    context.__enter__()


def halved(x: torch.Tensor) -> torch.Tensor:
    return x / 2


DEEDS: dict[str, tuple[Callable[[], object], str]] = {
    "dtype": (lambda: torch.set_default_dtype(torch.float64), "the default dtype"),
    "device": (lambda: torch.set_default_device("meta"), "the default device, or a mode of all functions"),
    "device as a context": (lambda: enter(torch.device("meta")), "the default device, or a mode of all functions"),
    "mode": (lambda: enter(BaseTorchFunctionMode()), "the default device, or a mode of all functions"),
    "inference mode": (lambda: enter(torch.inference_mode()), "inference mode"),
    "no_grad": (lambda: enter(torch.no_grad()), "the recording of gradients"),
    "autocast": (lambda: enter(torch.autocast("cpu", torch.bfloat16)), "autocast"),
    "autocast of a GPU": (lambda: torch.set_autocast_enabled("cuda", True), "autocast"),
    "saved tensors": (
        lambda: enter(torch.autograd.graph.saved_tensors_hooks(halved, halved)),
        "the hooks of saved tensors",
    ),
    "anomaly": (lambda: torch.autograd.set_detect_anomaly(True), "anomaly detection"),
    "threads": (lambda: torch.set_num_threads(torch.get_num_threads() + 1), "the number of threads"),
    "precision": (lambda: torch.set_float32_matmul_precision("medium"), "the precision of float32"),
    "precision of a backend": (
        lambda: setattr(torch.backends.mkldnn.matmul, "fp32_precision", "bf16"),  # type: ignore[attr-defined]
        "the precision of float32",
    ),
    "denormals": (lambda: torch.set_flush_denormal(True), "the treatment of denormal numbers"),
    "cuDNN": (lambda: setattr(torch.backends.cudnn, "benchmark", True), "the settings of cuDNN"),
}


def state() -> dict[str, Any]:
    return {setting.name: setting.get() for setting in torch_state._settings()}


@pytest.mark.parametrize(("deed", "name"), [pytest.param(*case, id=key) for key, case in DEEDS.items()])
def test_a_setting_that_was_changed_is_named_and_put_back(deed: Callable[[], object], name: str) -> None:
    before = state()
    with Isolated() as isolated:
        deed()
        assert state()[name] != before[name]
    assert name in isolated.changed
    assert state() == before
    assert isolated.changes("it", "in a test").startswith("it changed ")


def test_a_layer_computes_and_learns_as_before_after_all_of_them() -> None:
    x = torch.linspace(-1.0, 1.0, 12).reshape(3, 4).requires_grad_()
    torch.tanh(x @ x.T).sum().backward()
    expected = x.grad
    with Isolated():
        for deed, _ in DEEDS.values():
            deed()
    again = x.detach().clone().requires_grad_()
    torch.tanh(again @ again.T).sum().backward()
    assert again.grad is not None and expected is not None
    assert again.grad.dtype == torch.float32 and torch.equal(again.grad, expected)


def test_an_inference_mode_that_is_freed_later_changes_nothing_any_more() -> None:
    entered = []
    with Isolated() as isolated:
        torch.set_grad_enabled(False)
        entered.append(torch.inference_mode())
        entered[0].__enter__()
    assert "inference mode" in isolated.changed
    entered.clear()
    assert (torch.is_inference_mode_enabled(), torch.is_grad_enabled()) == (False, True)


def test_the_current_folder_is_put_back_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of a relative path would go on in another folder, and lose what it writes."""
    monkeypatch.chdir(tmp_path)
    with Isolated() as isolated:
        os.chdir("/")
    assert (Path.cwd(), isolated.changed) == (tmp_path, ["the current folder"])
    assert isolated.complaints("it", "here") == ["it changed the current folder here, which ganzoo put back"]
    with Isolated() as isolated:
        os.chdir("/")
        torch.set_grad_enabled(False)
    says = "it changed the recording of gradients of PyTorch and the current folder here, which ganzoo put back"
    assert isolated.changes("it", "here") == says


def test_what_changes_nothing_is_not_blamed() -> None:
    with Isolated() as isolated, torch.autocast("cpu"), torch.no_grad(), torch.device("meta"):
        pass
    assert (isolated.changed, isolated.error, isolated.failure, isolated.complaints("it", "here")) == ([], None, "", [])


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("no luck"), "RuntimeError: no luck"),
        (Unprintable(), "Unprintable: (its text cannot be shown)"),
        (BaseException("odd"), "BaseException: odd"),
        (GeneratorExit(), "GeneratorExit: "),
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt: "),
        (ValueError("two\nlines"), "ValueError: two lines"),
        (ValueError("\x1b[31mred\x9b2J"), "ValueError: \\x1b[31mred\\x9b2J"),
    ],
)
def test_whatever_is_raised_is_one_line(error: BaseException, text: str) -> None:
    with Isolated() as isolated:
        raise error
    assert isolated.error is error
    assert isolated.failure == text
    assert isolated.complaints("plugin acme/main", "in a test") == [f"plugin acme/main failed in a test: {text}"]


def test_a_text_without_end_is_cut() -> None:
    with Isolated() as isolated:
        raise ValueError("x" * 10**6)
    assert len(isolated.failure) < 600


@pytest.fixture
def usual_ctrl_c() -> Iterator[None]:
    """Handle SIGINT as Python does, which ignores it where a shell runs it in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_ctrl_c")
def test_ctrl_c_itself_is_obeyed() -> None:
    with pytest.raises(UserInterrupt), Isolated():
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.fixture
def drawn() -> Iterator[torch.Tensor]:
    """Numbers that PyTorch draws next, which other threads must not change."""
    before = torch.get_rng_state()
    functions = (threading.Thread.start, torch.random.default_generator, torch.cuda.manual_seed_all)
    numbers = torch.rand(3)
    torch.set_rng_state(before)
    yield numbers
    assert (threading.Thread.start, torch.random.default_generator, torch.cuda.manual_seed_all) == functions


def draw() -> None:
    torch.rand(2)
    torch.nn.functional.dropout(torch.ones(3))


def in_a_thread() -> None:
    thread = threading.Thread(target=draw)
    thread.start()
    thread.join()


def in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(draw).result()


def in_a_thread_of_a_thread() -> None:
    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()


@pytest.mark.parametrize("work", [in_a_thread, in_a_pool, in_a_thread_of_a_thread])
def test_a_thread_that_draws_leaves_the_random_numbers_to_training(
    work: Callable[[], None], drawn: torch.Tensor
) -> None:
    with Isolated() as isolated:
        work()
    assert isolated.error is None
    assert torch.equal(torch.rand(3), drawn)


def test_a_thread_that_outlives_the_call_still_does(drawn: torch.Tensor) -> None:
    go = threading.Event()
    with Isolated():
        thread = threading.Thread(target=lambda: (go.wait(), in_a_thread()))
        thread.start()
    go.set()
    thread.join()
    assert torch.equal(torch.rand(3), drawn)


manual_seed, set_rng_state = torch.manual_seed, torch.set_rng_state  # as a plugin that imports them by name


@pytest.mark.parametrize(
    "deed",
    [
        lambda: torch.manual_seed(1),
        lambda: torch.random.manual_seed(1),
        lambda: manual_seed(1),
        lambda: set_rng_state(torch.get_rng_state()),
        lambda: torch.seed(),
        lambda: torch.cuda.manual_seed_all(1),
    ],
)
def test_a_thread_cannot_seed_the_training(deed: Callable[[], object], drawn: torch.Tensor) -> None:
    with Isolated() as isolated, ThreadPoolExecutor(1) as pool:
        pool.submit(deed).result()
    assert "PyTorch's generators are for the training" in isolated.failure
    assert torch.equal(torch.rand(3), drawn)


def fail() -> None:
    raise ValueError("two\nlines")


def test_a_thread_that_fails_is_one_line_with_its_place(capfd: pytest.CaptureFixture[str]) -> None:
    line = fail.__code__.co_firstlineno + 1
    says = rf"^a thread that a plugin started failed in {__name__}, line {line}: ValueError: two lines$"
    with pytest.warns(PluginWarning, match=says), Isolated():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    assert capfd.readouterr() == ("", "")


def test_a_thread_that_exits_says_nothing(capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder) -> None:
    with Isolated():
        thread = threading.Thread(target=sys.exit)
        thread.start()
        thread.join()
    assert (capfd.readouterr(), len(recwarn)) == (("", ""), 0)
