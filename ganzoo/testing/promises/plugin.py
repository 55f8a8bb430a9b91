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

from ganzoo.config import locate, renamed, resolver
from ganzoo.config.locate import RecipeFile
from ganzoo.errors import GanzooError
from ganzoo.testing.check import BrokenPromiseError, expect, skip
from ganzoo.testing.examples import runnable_example
from ganzoo.testing.subjects import Package

TORCH_IMPORTED = 66  # exit code of REGISTER
REGISTER = f"""
import json, os, sys, traceback

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            stack = [frame for frame in traceback.extract_stack()[:-1] if "importlib" not in frame.filename]
            sys.stderr.write(stack[-1].filename + ", line " + str(stack[-1].lineno))
            sys.stderr.flush()
            os._exit({TORCH_IMPORTED})

sys.meta_path.insert(0, Watch())
from ganzoo.registry import discovery
from ganzoo.registry.entry_points import EntryPoint
for name, target in json.loads(sys.argv[1]):
    discovery.load({{name: EntryPoint(name, target, name, "").load()}})
"""
"""Imports the modules of entry points and calls ganzoo_register; an import of torch is reported, and ends it."""

LAUNCH = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "ganzoo.testing.two_processes")
TIMEOUT = 300  # seconds
LINES = 15  # of the output of a failed launch


def it_loads(package: Package) -> None:
    """Its modules can be imported, and its hooks run without an error."""
    for row in package.rows:
        expect(
            row.status == "ok",
            f"plugin {row.name} is {row.status}: {row.error}. Fix this first; the other tests need it.",
        )


def it_implements_a_hook(package: Package) -> None:
    """Each entry point implements at least one hook: components, recipes, or a callback of runs."""
    for row in package.rows:
        expect(
            row.status != "ok" or row.hooks,
            f"plugin {row.name}: {row.module} implements no hook. Write ganzoo_register(zoo) in it, with "
            "@ganzoo.hookimpl, or let the entry point name the module that has it.",
        )


def it_registers_without_torch(package: Package) -> None:
    """Importing the entry module and registering do not import PyTorch, so that `ganzoo list` is fast."""
    points = [(row.name, row.module) for row in package.rows if row.status == "ok" and _can_be_found(row.module)]
    if not points:
        skip("it is not installed: its modules were passed directly")
    process = subprocess.run(
        [sys.executable, "-c", REGISTER, json.dumps(points)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    output = process.stderr.strip()
    expect(
        process.returncode in (0, TORCH_IMPORTED),
        f"{package}: it cannot register in a new process. Fix this error: {output[-500:]}",
    )
    expect(
        process.returncode != TORCH_IMPORTED,
        f"{package}: registration imports torch, by {''.join(output.splitlines()[-1:])}, which delays every "
        '`ganzoo list` by seconds. Pass targets as strings, zoo.add("loss", "mine", "acme.losses:Mine", '
        'summary="..."), and do not import torch in the module of the entry point.',
    )


def its_recipes_can_be_used(package: Package) -> None:
    """Each of its recipes refers to existing components and settings."""
    for recipe in _recipes(package):
        try:
            resolver.read(recipe.path, (), package.plugins.zoo)
        except GanzooError as error:
            raise BrokenPromiseError(f"{package}: its recipe {recipe.name} cannot be used: {error.message}") from error


def its_recipes_have_a_summary(package: Package) -> None:
    """The first line of each recipe is a comment that summarizes it; `ganzoo list recipe` shows it."""
    for recipe in _recipes(package):
        expect(
            recipe.path.suffix != ".toml" or recipe.summary(),
            f"{package}: its recipe {recipe.name} does not start with a comment. Summarize it in the first line, such "
            "as '# Faces, 64x64, in an hour'; `ganzoo list recipe` shows it.",
        )


def its_former_recipe_names_lead_to_recipes(package: Package) -> None:
    """In `renamed.toml` beside its recipes, no former name is a recipe, and each present name is one."""
    recipes = [recipe for recipe in locate.recipes(package.plugins) if recipe.owner == package.owner]
    names = {recipe.name for recipe in recipes}
    for folder in {recipe.path.parent for recipe in recipes}:
        try:
            former = renamed.read(folder)
        except GanzooError as error:
            raise BrokenPromiseError(f"{package}: {error.message}") from error
        reused = sorted(names & former.renamed.keys())
        expect(
            not reused,
            f"{package}: {renamed.FILE} calls {', '.join(reused)} a former name, and there is a recipe of that name. "
            "Move it to [replaced].",
        )
        wanted = {*former.renamed.values(), *former.replaced.values(), *former.replaced}
        missing = sorted(name for name in wanted if "/" not in name and name not in names | former.renamed.keys())
        expect(
            not missing,
            f"{package}: {renamed.FILE} names {', '.join(missing)}, and there is no such recipe. Write the name it "
            "has now.",
        )


def two_processes_keep_equal_weights(package: Package) -> None:
    """Each procedure has equal weights in both processes after it was trained for a few steps in two processes.

    The processes have different samples and different noise. All procedures are trained in one launch.
    """
    if not all(row.version for row in package.rows):
        skip("it is not installed, so other processes cannot import it")
    recipes = _trainable_recipes(package)
    if not recipes:
        skip("it has no procedure that can be trained on a small example")
    first, second = _digests_of_two_processes(recipes)
    different = [name for name in recipes if first.get(name) != second.get(name)]
    expect(
        not different,
        f"{package}: after a few steps, two processes have different weights of {', '.join(different)}. Decide by "
        "self.over_processes(value), never by the loss or noise of one process, which player moves and how far. Use "
        "no random numbers to change weights in place.",
    )


def _recipes(package: Package) -> Iterator[RecipeFile]:
    """Return the recipes of the plugin. Skips the check if it has none; an error of the hook fails the check."""
    failures_before = list(package.plugins.zoo.failures)
    recipes = [recipe for recipe in locate.recipes(package.plugins) if recipe.owner == package.owner]
    new = [failure for failure in package.plugins.zoo.failures if failure not in failures_before]
    package.plugins.zoo.failures[:] = failures_before
    names = [row.name for row in package.rows]
    failures = [failure for failure in new if any(failure.startswith(f"plugin {name} ") for name in names)]
    expect(
        not failures,
        f"{''.join(failures[:1])}. Return the folder of the recipes, Path(__file__).parent / 'recipes', and include it "
        "in the package.",
    )
    if not recipes:
        skip("it has no recipes")
    return iter(recipes)


def _can_be_found(module: str) -> bool:
    try:
        return importlib.util.find_spec(module.partition(":")[0]) is not None
    except (ImportError, ValueError):
        return False


def _trainable_recipes(package: Package) -> dict[str, Any]:
    """Return {procedure: recipe of its small example}."""
    recipes = {}
    for component in package.components:
        if component.entry.kind == "procedure":
            with suppress(SkipTest):  # another check reports a missing example
                recipes[component.entry.full_name] = runnable_example(component).recipe.resolved()
    return recipes


def _digests_of_two_processes(recipes: dict[str, Any]) -> list[dict[str, str]]:
    """Train recipes in two processes; return {procedure: digest of its weights} of each process."""
    with TemporaryDirectory() as path:
        folder = Path(path)
        (folder / "recipes.json").write_text(json.dumps(recipes))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
        try:
            process = subprocess.run(
                [sys.executable, *LAUNCH, str(folder)],
                env=environment, capture_output=True, text=True, errors="replace", check=False, timeout=TIMEOUT,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise BrokenPromiseError(
                f"two processes did not finish within {TIMEOUT} s: one may be waiting for the other. Let every process "
                "make the same moves."
            ) from error
        output = "\n".join(process.stderr.splitlines()[-LINES:])
        expect(process.returncode == 0, f"training in two processes failed:\n{output}")
        return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
