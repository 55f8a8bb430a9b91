"""Trace of the modules that a recipe passes through while `ganzoo.train()` runs.

    python benchmarks/stations.py [RECIPE] [key=value ...] [--strict] [--json]

Trains a few steps under sys.setprofile and records every function in `ganzoo/` that receives a Recipe or its
RunSettings as an argument. Methods of the recipe itself (argument `self`) do not count. The caller of a function is
the nearest function in `ganzoo/` on the stack. A call from one module to another is an entry. Three numbers are
counted:

- entered: modules that receive the recipe, including the module that passes it first;
- climbs: entries into a module in a higher layer than the caller's, by the import-linter contract in pyproject.toml;
- returns: entries into a module that was entered before, after an entry into another module in between.

Every call counts, in the order of the run. The output lists the entries, then the three numbers. With --strict the
exit status is 1 when there is a climb or a return.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import ganzoo
from ganzoo.config.recipe import Recipe, RunSettings
from ganzoo.registry import discovery

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"

TINY = (
    *("dataset.use=ring", "dataset.n=200", "run.steps=2", "run.batch_size=16", "run.log=1", "run.sample=2"),
    *("run.save=2", "run.ema=0.9", "evaluate.every=2", "evaluate.samples=20"),
    *("generator.hidden=[8, 8]", "generator.z_dim=4", "discriminator.hidden=[8]"),
)
"""Overrides that make the default recipe train within a second, with an evaluation, a grid and a checkpoint."""
IMPLICIT = ("self", "cls")


@dataclass(frozen=True)
class Entry:
    """A call that passes the recipe from one module to another.

    Attributes:
        caller: Module that passes the recipe, such as "ganzoo.api".
        module: Module that receives it.
        function: Qualified name of the function that receives it.
        climbs: True when `module` is in a higher layer than `caller`.
        returns: True when `module` was entered before, and another module since.
    """

    caller: str
    module: str
    function: str
    climbs: bool = False
    returns: bool = False


def main() -> None:
    """Parse the command line, train, and print the entries."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", nargs="?", default="gan_mnist_printed", metavar="RECIPE")
    parser.add_argument("changes", nargs="*", metavar="key=value", help="Replaces the tiny settings.")
    parser.add_argument("--strict", action="store_true", help="Exit with 1 when there is a climb or a return.")
    parser.add_argument("--json", action="store_true", help="Print one JSON document.")
    options = parser.parse_args()
    entries = trace(options.recipe, options.changes or TINY)
    if options.json:
        print(json.dumps({"entries": [asdict(entry) for entry in entries], **summary(entries)}))
    else:
        print(table(entries))
    sys.exit(1 if options.strict and any(entry.climbs or entry.returns for entry in entries) else 0)


def trace(recipe: str, changes: tuple[str, ...] | list[str]) -> list[Entry]:
    """Train a recipe in a temporary folder.

    Args:
        recipe: Name of the recipe.
        changes: Overrides, such as "run.steps=2".

    Returns:
        The entries in the order of the calls.
    """
    assignments = dict(change.split("=", 1) for change in changes)
    plugins = discovery.load()
    with tempfile.TemporaryDirectory() as folder, calls() as passed:
        ganzoo.train(recipe, {key: _value(text) for key, text in assignments.items()}, out=folder, plugins=plugins)
    return classify(passed, levels())


@contextmanager
def calls() -> Iterator[list[Entry]]:
    """Record the calls between modules that pass a recipe while the block runs, in this thread."""
    passed: list[Entry] = []
    seen: set[FrameType] = set()  # the frame of a generator reports a call each time it is resumed

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or not (module := _module(frame)) or frame in seen or not _receives(frame):
            return
        seen.add(frame)
        caller = _caller(frame)
        if caller and caller != module:
            passed.append(Entry(caller, module, frame.f_code.co_qualname))

    sys.setprofile(profile)
    try:
        yield passed
    finally:
        sys.setprofile(None)


def classify(passed: list[Entry], level: dict[str, int]) -> list[Entry]:
    """Mark the entries that climb and those that return.

    Args:
        passed: Entries in the order of the calls.
        level: Height of each package or top-level module below `ganzoo`; more is higher.

    Returns:
        The same entries with `climbs` and `returns` set.
    """
    entries: list[Entry] = []
    visited = {passed[0].caller} if passed else set()
    last = passed[0].caller if passed else ""
    for entry in passed:
        climbs = level[_package(entry.module)] > level[_package(entry.caller)]
        returns = entry.module in visited and entry.module != last
        entries.append(Entry(entry.caller, entry.module, entry.function, climbs, returns))
        visited.add(entry.module)
        last = entry.module
    return entries


def levels() -> dict[str, int]:
    """Return the height of each package, 0 for the lowest, by the layers contract in pyproject.toml."""
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    heights: dict[str, int] = {}
    for height, layer in enumerate(reversed(layers)):
        for name in layer.replace(":", "|").split("|"):
            heights[name.strip(" ()").removeprefix("ganzoo.")] = height
    return heights


def summary(entries: list[Entry]) -> dict[str, int]:
    """Return the number of modules entered, of climbs and of returns."""
    modules = {entry.module for entry in entries} | {entry.caller for entry in entries[:1]}
    climbs = sum(entry.climbs for entry in entries)
    return {"entered": len(modules), "climbs": climbs, "returns": sum(entry.returns for entry in entries)}


def table(entries: list[Entry]) -> str:
    """Return the entries as lines of text, followed by the summary."""
    width = max((len(_short(entry.caller)) for entry in entries), default=0)
    lines = []
    for number, entry in enumerate(entries, 1):
        marks = [name for name, holds in (("climb", entry.climbs), ("return", entry.returns)) if holds]
        target = f"{_short(entry.module)}: {entry.function}"
        lines.append(f"{number:3} {_short(entry.caller):>{width}} -> {target:52} {', '.join(marks)}".rstrip())
    totals = summary(entries)
    lines.append(f"\nmodules entered {totals['entered']}, climbs {totals['climbs']}, returns {totals['returns']}")
    return "\n".join(lines)


def _receives(frame: FrameType) -> bool:
    """Return True when an argument of the call is a recipe or its settings."""
    code = frame.f_code
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[: count + bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)]  # *args, **kwargs
    for name in names:
        value = frame.f_locals.get(name)
        if name in IMPLICIT:
            if isinstance(value, Recipe | RunSettings):
                return False
            continue
        values = value if isinstance(value, tuple) else value.values() if type(value) is dict else (value,)
        if any(isinstance(item, Recipe | RunSettings) for item in values):
            return True
    return False


def _caller(frame: FrameType) -> str:
    """Return the module of the nearest function in `ganzoo/` that called this one, or "" when there is none."""
    outer = frame.f_back
    while outer and not _module(outer):
        outer = outer.f_back
    return _module(outer) if outer else ""


def _module(frame: FrameType) -> str:
    """Return the module of a frame if it belongs to ganzoo, otherwise ""."""
    name = frame.f_globals.get("__name__", "")
    return name if name.startswith("ganzoo.") else ""


def _package(module: str) -> str:
    return module.split(".")[1]


def _short(module: str) -> str:
    return module.removeprefix("ganzoo.")


def _value(text: str) -> Any:
    """Parse a value as TOML, or return it as a bare word."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


if __name__ == "__main__":
    main()
