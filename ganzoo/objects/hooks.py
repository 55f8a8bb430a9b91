"""Callbacks: functions and objects that are called by the hooks of a training, as those of a plugin are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.hookspecs import hookimpl
from ganzoo.objects.factory import POSITIONAL
from ganzoo.registry.registered import PYTHON

if TYPE_CHECKING:
    from ganzoo.sampling.run import Run

STEP = "ganzoo_step_end"  # the hook of a function that has another name
HOOKS = {"ganzoo_run_start": ("run",), STEP: ("run", "t", "logs"), "ganzoo_run_end": ("run",)}
"""Hook of a training -> its arguments, as in ganzoo.hookspecs."""
EXPECTED = f"give a function of any of (run, t, logs), or an object with methods named {', '.join(HOOKS)}"


class Hooks:
    """A plugin that is no module.

    Args:
        hooks: Functions marked as hooks, by the name of the hook.
    """

    def __init__(self, hooks: Mapping[str, Callable[..., Any]]):
        self.__dict__.update(hooks)


def plugins_of(callbacks: Iterable[Any]) -> dict[str, Hooks]:
    """Return callbacks as objects that pluggy registers, by the names that messages call them.

    Args:
        callbacks: Functions, each called as the hook of its name or else as `ganzoo_step_end`, and objects, whose
            methods with the name of a hook are called.

    Returns:
        "python/NAME" -> an object with a marked function for each hook.

    Raises:
        GanzooError: A callback is neither, has no hook, or takes an argument that its hook does not have.
    """
    if callable(callbacks) or isinstance(callbacks, str):
        raise GanzooError(f"callbacks is a {type(callbacks).__name__}: give a list of them.")
    named: dict[str, Hooks] = {}
    for callback in callbacks:
        name = f"{PYTHON}/{getattr(callback, '__name__', type(callback).__name__)}"
        number = sum(other.partition("#")[0] == name for other in named)
        hooks = {hook: _marked(hook, function) for hook, function in _hooks_of(callback).items()}
        named[f"{name}#{number + 1}" if number else name] = Hooks(hooks)
    return named


def _hooks_of(callback: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions of a callback by hook."""
    if inspect.isroutine(callback):
        return {callback.__name__ if callback.__name__ in HOOKS else STEP: callback}
    methods = {name: method for name, method in inspect.getmembers(callback, callable) if name.startswith("ganzoo_")}
    unknown = next((name for name in methods if name not in HOOKS), "")
    if unknown:
        raise GanzooError(f"callback {_name(callback)}: no hook named {unknown!r}.{did_you_mean(unknown, HOOKS)}")
    if inspect.isclass(callback):
        raise GanzooError(f"callback {_name(callback)} is a class: give an object of it, {_name(callback)}(...).")
    if methods:
        return methods
    if callable(callback):
        return {STEP: callback}
    raise GanzooError(f"callback {_name(callback)}: {EXPECTED}.")


def _marked(hook: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function marked as a hook, which hands those arguments on that the given one takes."""
    taken = _arguments(hook, function, HOOKS[hook])

    def of_step(run: Run, t: int, logs: Mapping[str, float]) -> Any:  # pluggy goes by these names
        values = {"run": run, "t": t, "logs": logs}
        return function(*(values[name] for name in taken))

    def of_run(run: Run) -> Any:
        return function(*(run for _ in taken))

    marked: Callable[..., Any] = hookimpl(of_step if hook == STEP else of_run)
    return marked


def _arguments(hook: str, function: Callable[..., Any], names: Sequence[str]) -> list[str]:
    """Return the names of a function's arguments, in its order."""
    parameters = inspect.signature(function).parameters.values()
    taken = [p for p in parameters if p.name in names or p.default is p.empty]
    wrong = next((p.name for p in taken if p.name not in names or p.kind not in POSITIONAL), "")
    if wrong:
        raise GanzooError(
            f"callback {_name(function)} takes {wrong!r}, and {hook} hands it: {', '.join(names)}. Take any of these, "
            "by their names."
        )
    return [p.name for p in taken]


def _name(callback: Any) -> str:
    return str(getattr(callback, "__name__", type(callback).__name__))
