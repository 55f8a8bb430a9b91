"""Datasets under test: built small or without their files, read, copied for another process, watched for open files."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.reduction import ForkingPickler
from tempfile import TemporaryDirectory
from typing import Any

import torch

from ganzoo.config.component import Blueprint
from ganzoo.interfaces import Batch, Dataset
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.subjects import Component
from ganzoo.utils import rng

N = 60  # examples in a dataset whose size is a setting
NOWHERE = "nowhere"  # a path that does not exist

_LISTENERS: dict[int, list[str]] = {}  # opened paths by thread


def settings_of(component: Component) -> dict[str, inspect.Parameter]:
    """Return the settings of a component's constructor. Skips the check where the component does not load."""
    component.target  # noqa: B018
    return Blueprint(component.entry).signature.settings


def required_settings(component: Component) -> list[str]:
    """Return the settings that have no default and were not given."""
    settings = settings_of(component)
    return [
        name
        for name, parameter in settings.items()
        if parameter.default is parameter.empty and name not in component.settings
    ]


def has_path(component: Component) -> bool:
    """Return True when a setting `path` selects the files, and so may decide the spec."""
    return "path" in settings_of(component)


def build_unread(component: Component) -> Dataset:
    """Build a dataset of which only the settings are examined: a required path leads nowhere."""
    missing = required_settings(component)
    if missing not in ([], ["path"]):
        skip(_how_to_give(component, missing))
    dataset: Dataset = component.build(**dict.fromkeys(missing, NOWHERE))
    return dataset


def build_small(component: Component, **more: Any) -> Dataset:
    """Build a dataset of N examples where its size is a setting, else of its own size."""
    if missing := required_settings(component):
        skip(_how_to_give(component, missing))
    known = settings_of(component)
    size = {"n": N} if "n" in known and "n" not in component.settings else {}
    dataset: Dataset = component.build(**{**size, **more})
    return dataset


def readable(component: Component, **more: Any) -> Dataset:
    """Build a dataset that can be read on this machine. Skips the check where its files are missing."""
    dataset = build_small(component, **more)
    if absent := [path for source in dataset.sources() for path in source.missing()]:
        skip(f"its files are not here, such as {absent[0]}: `ganzoo data get {component.entry.name}`")
    return dataset


def positions(dataset: Dataset) -> list[int]:
    """Return up to N indices, evenly spaced, with the first and the last."""
    n = len(dataset)
    return sorted({i * (n - 1) // max(1, N - 1) for i in range(N)}) if n else []


def read(dataset: Dataset) -> list[Batch]:
    """Return the examples at `positions`, with random numbers from one seed."""
    with rng.seeded(0):
        return [dataset[i] for i in positions(dataset)]


def equal(a: Batch, b: Batch) -> bool:
    """Return True when two examples or batches have the same names and equal tensors."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def copy_for_process(dataset: Dataset) -> Any:
    """Return the copy that another process would receive.

    Args:
        dataset: The dataset under test.

    Returns:
        The unpickled copy.

    Raises:
        BrokenPromiseError: The dataset cannot be pickled.
    """
    try:
        return ForkingPickler.loads(ForkingPickler.dumps(dataset))
    except Exception as error:  # an attribute may raise anything
        raise BrokenPromiseError(
            f"{type(dataset).__name__} cannot be handed to another process ({type(error).__name__}: {error}), which "
            "run.workers requires. Keep no lambda, generator, lock or open file in its attributes: write a method, "
            "or open it on first use, in a functools.cached_property."
        ) from error


def in_memory(dataset: Dataset, component: Component) -> Batch:
    """Return tensors() of a dataset that is held in memory. Skips the check for one that is streamed.

    Args:
        dataset: The dataset under test.
        component: Its component, named in the message.

    Returns:
        All examples.

    Raises:
        BrokenPromiseError: `in_memory` is True and tensors() is None.
    """
    tensors = dataset.tensors()
    expect(
        tensors is not None or not dataset.in_memory,
        f"{component}: in_memory is True and tensors() returns None. Return all examples, or set in_memory = False.",
    )
    if tensors is None:
        skip("it is streamed: tensors() returns None")
    return tensors


@contextmanager
def empty_data_folder() -> Iterator[None]:
    """Set GANZOO_DATA to an empty folder inside the block."""
    before = os.environ.get("GANZOO_DATA")
    with TemporaryDirectory() as folder:
        os.environ["GANZOO_DATA"] = folder
        try:
            yield
        finally:
            del os.environ["GANZOO_DATA"]
            if before is not None:
                os.environ["GANZOO_DATA"] = before


@contextmanager
def opened_paths() -> Iterator[list[str]]:
    """Collect the paths that this thread opens or lists inside the block, in order, by Python's audit events."""
    _install_audit_hook()
    paths = _LISTENERS[threading.get_ident()] = []
    try:
        yield paths
    finally:
        del _LISTENERS[threading.get_ident()]


@functools.cache
def _install_audit_hook() -> None:
    """Add the hook once in a process: it cannot be removed."""
    sys.addaudithook(_record_path)


def _record_path(event: str, arguments: tuple[Any, ...]) -> None:
    paths = _LISTENERS.get(threading.get_ident()) if _LISTENERS else None
    if paths is not None and event in ("open", "os.listdir", "os.scandir"):
        paths.append(str(arguments[0]))


def _how_to_give(component: Component, missing: list[str]) -> str:
    values = ", ".join(f'"{name}": ...' for name in missing)
    return f'it needs settings: checks(..., settings={{"dataset {component.entry.name}": {{{values}}}}}) gives them'
