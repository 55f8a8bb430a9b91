"""Datasets as checks build and read them: small, without the files that they need, copied for another process."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.reduction import ForkingPickler
from tempfile import TemporaryDirectory
from typing import Any

import torch

from ganzoo.config.component import Blueprint
from ganzoo.interfaces import Batch, Dataset
from ganzoo.testing.check import BrokenPromiseError, expect, not_asked
from ganzoo.testing.component import Component
from ganzoo.utils import rng

N = 60  # of datasets that are as large as they are asked to be
NOWHERE = "nowhere"  # a path that nobody has


def settings_of(component: Component) -> dict[str, inspect.Parameter]:
    """What its constructor takes. The check is left where it does not load."""
    component.target  # noqa: B018
    return Blueprint(component.entry).signature.settings


def needed(component: Component) -> list[str]:
    """Settings without a default that nobody gave."""
    settings = settings_of(component)
    return [name for name, one in settings.items() if one.default is one.empty and name not in component.settings]


def named_by_a_path(component: Component) -> bool:
    """Whether what it reads, and so perhaps its spec, depends on a setting `path`."""
    return "path" in settings_of(component)


def bare(component: Component) -> Dataset:
    """Built without a look at its files: one that needs a path gets one that leads nowhere."""
    missing = needed(component)
    if missing not in ([], ["path"]):
        not_asked(_give(component, missing))
    dataset: Dataset = component.build(**dict.fromkeys(missing, NOWHERE))
    return dataset


def small(component: Component, **more: Any) -> Dataset:
    """N examples, where it has a setting for that."""
    if missing := needed(component):
        not_asked(_give(component, missing))
    known = settings_of(component)
    size = {"n": N} if "n" in known and "n" not in component.settings else {}
    dataset: Dataset = component.build(**{**size, **more})
    return dataset


def readable(component: Component, **more: Any) -> Dataset:
    """One that can be read here: the check is left where its files are missing."""
    dataset = small(component, **more)
    if lacking := [path for source in dataset.sources() for path in source.missing()]:
        not_asked(f"its files are not here, such as {lacking[0]}: `ganzoo data get {component.entry.name}`")
    return dataset


def places(dataset: Dataset) -> list[int]:
    """The numbers of up to N examples, evenly spaced, with the first and the last."""
    n = len(dataset)
    return sorted({i * (n - 1) // max(1, N - 1) for i in range(N)}) if n else []


def read(dataset: Dataset) -> list[Batch]:
    """The examples of places(), whatever they draw being drawn from one seed."""
    with rng.seeded(0):
        return [dataset[i] for i in places(dataset)]


def same(one: Batch, other: Batch) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def handed_over(dataset: Dataset) -> Any:
    """The copy that another process would be given. Errors: BrokenPromiseError where there is none to give."""
    try:
        return ForkingPickler.loads(ForkingPickler.dumps(dataset))
    except Exception as error:  # whatever an attribute of it raises
        raise BrokenPromiseError(
            f"{type(dataset).__name__} cannot be handed to another process ({type(error).__name__}: {error}), which "
            "run.workers does with it. Keep no lambda, generator, lock or open file in its attributes: write a method, "
            "or open it on first use, in a functools.cached_property."
        ) from error


@contextmanager
def no_data() -> Iterator[None]:
    """An empty data folder inside the block."""
    before = os.environ.get("GANZOO_DATA")
    with TemporaryDirectory() as folder:
        os.environ["GANZOO_DATA"] = folder
        try:
            yield
        finally:
            del os.environ["GANZOO_DATA"]
            if before is not None:
                os.environ["GANZOO_DATA"] = before


def whole(dataset: Dataset, component: Component) -> Batch:
    """tensors(), where it holds everything. Errors: BrokenPromiseError where it says that it does, and does not."""
    tensors = dataset.tensors()
    expect(
        tensors is not None or not dataset.in_memory,
        f"{component}: in_memory is True and tensors() is None. Return everything, or say in_memory = False.",
    )
    if tensors is None:
        not_asked("it is streamed: tensors() is None")
    return tensors


def _give(component: Component, missing: list[str]) -> str:
    wanted = ", ".join(f'"{name}": ...' for name in missing)
    return f'it needs settings: checks(..., settings={{"dataset {component.entry.name}": {{{wanted}}}}}) gives them'
