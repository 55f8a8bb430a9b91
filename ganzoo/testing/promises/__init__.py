"""What is promised, by kind: a function for each promise. Its name is the promise, its docstring explains it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ganzoo.testing.check import Check
from ganzoo.testing.promises import (
    content,
    dataset,
    extractor,
    loss,
    metric,
    plugin,
    procedure,
    processes,
    sampling,
    training,
)

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "plugin": (plugin, processes),
    "loss": (loss,),
    "dataset": (dataset, content),
    "metric": (metric,),
    "extractor": (extractor,),
    "procedure": (procedure, training, sampling),
}
"""Kind -> the modules whose public functions are its promises, in their order."""


def of(kind: str, subject: Any) -> list[Check]:
    """A check for each promise of a kind, or of "plugin" as a whole."""
    return [Check(subject, promise) for module in MODULES.get(kind, ()) for promise in _promises(module)]


def _promises(module: ModuleType) -> list[Callable[[Any], None]]:
    mine = [one for one in vars(module).values() if callable(one) and getattr(one, "__module__", "") == module.__name__]
    return [one for one in mine if not one.__name__.startswith("_")]
