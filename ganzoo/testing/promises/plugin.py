"""Promises of a plugin as a whole."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import SkipTest

from ganzoo.config import locate, resolver
from ganzoo.config.locate import RecipeFile
from ganzoo.errors import GanzooError
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.examples import runnable_example
from ganzoo.testing.subjects import Package

TORCH = 66  # the exit code that says so
REGISTER = f"""
import json, os, sys, traceback

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            stack = [one for one in traceback.extract_stack()[:-1] if "importlib" not in one.filename]
            sys.stderr.write(stack[-1].filename + ", line " + str(stack[-1].lineno))
            sys.stderr.flush()
            os._exit({TORCH})

sys.meta_path.insert(0, Watch())
from ganzoo.registry import discovery
from ganzoo.registry.entry_points import EntryPoint
for name, target in json.loads(sys.argv[1]):
    discovery.load({{name: EntryPoint(name, target, name, "").load()}})
"""
"""Imports the modules of entry points and runs their ganzoo_register; ends where torch is imported, and says where."""


def it_loads(package: Package) -> None:
    """Its modules import, and its hooks run."""
    for row in package.rows:
        expect(
            row.status == "ok",
            f"plugin {row.name} is {row.status}: {row.error}. Nothing else can be asked of it before that is mended.",
        )


def it_offers_something(package: Package) -> None:
    """It implements a hook at least: components, recipes, or something done while a run trains."""
    for row in package.rows:
        expect(
            row.status != "ok" or row.hooks,
            f"plugin {row.name}: {row.module} implements no hook. Write ganzoo_register(zoo) in it, with "
            "@ganzoo.hookimpl, or let the entry point name the module that has it.",
        )


def it_registers_without_torch(package: Package) -> None:
    """Importing the entry module and registering import no PyTorch, so that `ganzoo list` answers at once."""
    points = [(row.name, row.module) for row in package.rows if row.status == "ok" and _can_be_found(row.module)]
    if not points:
        skip("it is not installed: its modules were handed over")
    done = subprocess.run(
        [sys.executable, "-c", REGISTER, json.dumps(points)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    told = done.stderr.strip()
    expect(done.returncode in (0, TORCH), f"{package}: it does not register in a process of its own: {told[-500:]}")
    expect(
        done.returncode != TORCH,
        f"{package}: torch is imported at registration, by {''.join(told.splitlines()[-1:])}, so that every "
        "`ganzoo list` waits seconds for it. "
        'Name targets as text, zoo.add("loss", "mine", "acme.losses:Mine", summary="..."), and keep the module of the '
        "entry point free of torch.",
    )


def its_recipes_can_be_used(package: Package) -> None:
    """Every recipe that it offers names components that there are, with settings that they have."""
    for recipe in _recipes(package):
        try:
            resolver.read(recipe.path, (), package.plugins.zoo)
        except GanzooError as error:
            raise BrokenPromiseError(f"{package}: its recipe {recipe.name} cannot be used: {error.message}") from error


def its_recipes_say_what_they_are(package: Package) -> None:
    """The first line of each recipe is a comment that says what it is: `ganzoo list recipe` shows it."""
    for recipe in _recipes(package):
        expect(
            recipe.path.suffix != ".toml" or recipe.summary(),
            f"{package}: its recipe {recipe.name} does not begin with a comment. Let its first line say what it is, "
            "'# Faces, 64x64, in an hour': `ganzoo list recipe` shows it.",
        )


def _recipes(package: Package) -> Iterator[RecipeFile]:
    """Errors: BrokenPromiseError where the hook fails; unittest.SkipTest where there are none."""
    known = list(package.plugins.zoo.failures)
    found = [recipe for recipe in locate.recipes(package.plugins) if recipe.owner == package.owner]
    new = [failure for failure in package.plugins.zoo.failures if failure not in known]
    package.plugins.zoo.failures[:] = known
    names = [row.name for row in package.rows]
    mine = [failure for failure in new if any(failure.startswith(f"plugin {name} ") for name in names)]
    expect(
        not mine,
        f"{''.join(mine[:1])}. Return the folder that your recipes are in: Path(__file__).parent / 'recipes', and ship "
        "it inside the package.",
    )
    if not found:
        skip("it offers no recipes")
    return iter(found)


def _can_be_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.partition(":")[0]) is not None
    except (ImportError, ValueError):
        return False


LAUNCH = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "ganzoo.testing.two_processes")
PATIENCE = 300  # seconds
LINES = 15  # of what a launch that failed has said


def two_processes_keep_equal_weights(package: Package) -> None:
    """Each procedure trains a few steps in two processes, on other samples with other noise, in one launch for all of
    them. Every weight is the same in both afterwards.
    """
    if not all(row.version for row in package.rows):
        skip("it is not installed, so that no other process finds it")
    recipes = _trainable_recipes(package)
    if not recipes:
        skip("it has no procedure that trains on a small example")
    first, second = _launched(recipes)
    unlike = [name for name in recipes if first.get(name) != second.get(name)]
    expect(
        not unlike,
        f"{package}: after a few steps two processes have other weights of {', '.join(unlike)}. Decide by "
        "self.over_processes(value), never by one process's own loss or noise, who moves and how far; change weights "
        "in place by nothing that is drawn.",
    )


def _trainable_recipes(package: Package) -> dict[str, Any]:
    found = {}
    for component in package.components:
        if component.entry.kind == "procedure":
            with suppress(SkipTest):  # that there is an example is another promise
                found[component.entry.full_name] = runnable_example(component).recipe.resolved()
    return found


def _launched(recipes: dict[str, Any]) -> list[dict[str, str]]:
    """What each of the two has become."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "recipes.json").write_text(json.dumps(recipes))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
        try:
            ended = subprocess.run(
                [sys.executable, *LAUNCH, str(folder)],
                env=environment, capture_output=True, text=True, errors="replace", check=False, timeout=PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            expect(False, f"two processes did not come to an end within {PATIENCE} s: one may wait for the other.")
        said = "\n".join(ended.stderr.splitlines()[-LINES:])
        expect(ended.returncode == 0, f"training in two processes failed:\n{said}")
        return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
