"""Callbacks: the hook that each is called by, with the arguments that it takes; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ganzoo import hookimpl, hookspecs
from ganzoo.errors import GanzooError
from ganzoo.objects import hooks
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo


def called(callbacks: list[Any], hook: str, **arguments: Any) -> list[str]:
    """Call a hook of these callbacks alone, and return their names."""
    plugins = discovery.extended(discovery.load({}), "python/given", Zoo(owner="python"), hooks.plugins_of(callbacks))
    callers = [*plugins.callers(hook)]
    for _, call in callers:
        call(**arguments)
    return [name for name, _ in callers]


class Everything:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    def ganzoo_run_start(self, run: Any) -> None:
        self.seen.append(("start", run))

    def ganzoo_step_end(self, logs: Any, t: int) -> None:
        self.seen.append((t, logs))

    def ganzoo_run_end(self) -> None:
        self.seen.append("end")


def test_a_function_is_called_with_the_arguments_that_it_takes() -> None:
    seen: list[Any] = []

    def watch(t: int, logs: Any, every: int = 1) -> None:
        seen.append((t, logs, every))

    names = called([watch, lambda run: seen.append(run), watch], "ganzoo_step_end", run="R", t=3, logs={"x": 1.0})
    assert seen == [(3, {"x": 1.0}, 1), "R", (3, {"x": 1.0}, 1)]
    assert names == ["python/watch", "python/<lambda>", "python/watch#2"]


def test_a_function_with_the_name_of_a_hook_is_that_hook() -> None:
    seen: list[str] = []

    @hookimpl
    def ganzoo_run_end(run: str) -> None:
        seen.append(run)

    assert called([ganzoo_run_end], "ganzoo_step_end", run="R", t=1, logs={}) == []
    called([ganzoo_run_end], "ganzoo_run_end", run="R")
    assert seen == ["R"]


def test_an_object_is_called_by_each_of_its_hooks() -> None:
    everything = Everything()
    called([everything], "ganzoo_run_start", run="R")
    called([everything], "ganzoo_step_end", run="R", t=2, logs={"a": 0.5})
    called([everything], "ganzoo_run_end", run="R")
    assert everything.seen == [("start", "R"), (2, {"a": 0.5}), "end"]


def test_the_hooks_of_a_training_have_these_arguments() -> None:
    specs = {name: spec for name, spec in vars(hookspecs).items() if name.startswith(("ganzoo_run_", "ganzoo_step_"))}
    arguments = {name: spec.__code__.co_varnames[: spec.__code__.co_argcount] for name, spec in specs.items()}
    assert arguments == hooks.HOOKS


class Misspelt:
    def ganzoo_step_ends(self) -> None: ...


@pytest.mark.parametrize(
    ("callbacks", "told"),
    [
        ([lambda step: None], "takes 'step', and ganzoo_step_end hands it: run, t, logs"),
        ([lambda *values: None], "takes 'values'"),
        ([3], r"callback int: give a function of any of \(run, t, logs\)"),
        ([Everything], r"is a class: give an object of it, Everything\(...\)"),
        ([Misspelt()], "no hook named 'ganzoo_step_ends'. Did you mean 'ganzoo_step_end'?"),
        (print, "give a list of them"),
    ],
)
def test_what_cannot_be_called_is_refused(callbacks: Any, told: str) -> None:
    with pytest.raises(GanzooError, match=told):
        hooks.plugins_of(callbacks)
