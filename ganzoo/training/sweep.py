"""Parameter sweeps: a recipe with every combination of some settings, and several seeds of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

from ganzoo.config import locate, resolver
from ganzoo.config.overrides import as_toml
from ganzoo.config.parser import parse_toml
from ganzoo.config.recipe import Recipe
from ganzoo.errors import RecipeError
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import resume
from ganzoo.sampling.run import Run
from ganzoo.training import loop, trackers


def recipes(
    name: str, over: Iterable[str], seeds: int, changes: Sequence[str], plugins: Plugins
) -> list[tuple[str, Recipe]]:
    """Read one recipe for each combination and seed.

    Args:
        name: Name or path of the recipe.
        over: Settings with their values: "loss.use=hinge,least_squares", or with a list of TOML.
        seeds: Number of seeds, counted from the recipe's own.
        changes: Overrides for all recipes.
        plugins: The loaded plugins.

    Returns:
        Pairs of a label and a recipe.

    Raises:
        RecipeError: A recipe is wrong; all are read before any is trained.
        SetupError: A tracker is not installed.
    """
    path, choices = locate.find(name, plugins), [_choices(setting) for setting in over]
    base, _ = resolver.read(path, changes, plugins.zoo)
    labelled = []
    for combination in product(*choices):
        for seed in range(base.run.seed, base.run.seed + seeds):
            overrides = [*changes, *combination, f"run.seed={seed}"]
            label = " ".join([*combination, f"seed {seed}"])
            labelled.append((label, resolver.read(path, overrides, plugins.zoo)[0]))
    for _, recipe in labelled:
        trackers.find(recipe.run.trackers)
    return labelled


def trained(recipe: Recipe, out: Path, plugins: Plugins) -> Run:
    """Train a recipe, unless a finished run of it exists; an unfinished one is resumed.

    Args:
        recipe: The recipe; only runs of exactly this recipe count.
        out: The folder of runs.
        plugins: The loaded plugins.

    Returns:
        The finished run.

    Raises:
        GanzooError: The training failed.
    """
    if finished := next(resume.same_recipe(out, recipe, plugins.zoo, finished=True), None):
        return Run(finished.folder)
    unfinished = resume.unfinished(out, recipe, plugins.zoo)
    return loop.train(recipe, plugins, out, resume.at_newest_whole(unfinished) if unfinished else None)


def _choices(over: str) -> list[str]:
    """Return ["key=a", "key=b"] for "key=a,b" or for a list of TOML such as "key=[1, 2]"."""
    key, equals, text = over.partition("=")
    if not equals or not text.strip():
        raise RecipeError(f"--over {over!r}: write table.setting=value,value, such as loss.use=hinge,least_squares")
    return [f"{key.strip()}={value}" for value in _values(text)]


def _values(text: str) -> Iterator[str]:
    try:
        parsed = parse_toml(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, list):
        yield from map(as_toml, parsed)
    else:
        yield from (part.strip() for part in text.split(","))
