"""What is promised, by kind: a function for each promise. Its name is the promise, its docstring explains it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from ganzoo.testing.check import Check
from ganzoo.testing.promises import (
    content,
    dataset,
    described,
    discriminator,
    encoder,
    extractor,
    generator,
    labels,
    loss,
    metric,
    network,
    optimizer,
    plugin,
    procedure,
    processes,
    regularizer,
    sampling,
    schedule,
    training,
    transform,
    weights,
)

MODULES: dict[str, tuple[ModuleType, ...]] = {
    "plugin": (plugin, processes),
    "generator": (network, generator, weights, labels),
    "discriminator": (network, discriminator, weights, labels),
    "encoder": (network, encoder, weights, labels),
    "loss": (loss,),
    "regularizer": (regularizer,),
    "transform": (transform,),
    "optimizer": (optimizer,),
    "schedule": (schedule,),
    "dataset": (dataset, content),
    "metric": (metric,),
    "extractor": (extractor,),
    "procedure": (procedure, training, sampling),
}
"""Kind -> the modules whose public functions are its promises, in their order; behind those of `described`."""


def of(kind: str, subject: Any) -> list[Check]:
    """A check for each promise of a kind, or of "plugin" as a whole."""
    return [Check(subject, promise) for promise in promises(kind)]


def promises(kind: str) -> list[Callable[[Any], None]]:
    """What is promised by a kind, or by "plugin" as a whole; components of every kind promise to be described."""
    modules = MODULES.get(kind, ())
    return [one for module in (modules if kind == "plugin" else (described, *modules)) for one in public(module)]


def public(module: ModuleType) -> list[Callable[[Any], None]]:
    """The promises of one module, in its order."""
    mine = [one for one in vars(module).values() if callable(one) and getattr(one, "__module__", "") == module.__name__]
    return [one for one in mine if not one.__name__.startswith("_")]
