"""The promises of each kind of component: one function each. Its name is the promise, its docstring explains it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ganzoo.testing.check import Check
from ganzoo.testing.promises import (
    augmentation,
    component,
    dataset,
    discriminator,
    encoder,
    extractor,
    generator,
    loss,
    metric,
    network,
    optimizer,
    plugin,
    procedure,
    regularizer,
    schedule,
    transform,
)

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "plugin": (plugin,),
    "generator": (network, generator),
    "discriminator": (network, discriminator),
    "encoder": (network, encoder),
    "loss": (loss,),
    "regularizer": (regularizer,),
    "augmentation": (augmentation,),
    "transform": (transform,),
    "optimizer": (optimizer,),
    "schedule": (schedule,),
    "dataset": (dataset,),
    "metric": (metric,),
    "extractor": (extractor,),
    "procedure": (procedure,),
}
"""Kind -> the modules whose public functions are its promises, in this order, after those of `component`."""


def of(kind: str, subject: Any) -> list[Check]:
    """Return a check for each promise of a kind, or of "plugin" as a whole."""
    return [Check(subject, promise) for promise in promises(kind)]


def promises(kind: str) -> list[Callable[[Any], None]]:
    """Return the promises of a kind, with those of every component, or the promises of "plugin" as a whole."""
    modules = MODULES.get(kind, ())
    if kind != "plugin":
        modules = (component, *modules)
    return [promise for module in modules for promise in public(module)]


def public(module: ModuleType) -> list[Callable[[Any], None]]:
    """Return the public functions that a module defines, in its order: its promises."""
    defined = [value for value in vars(module).values() if getattr(value, "__module__", "") == module.__name__]
    return [value for value in defined if callable(value) and not value.__name__.startswith("_")]
