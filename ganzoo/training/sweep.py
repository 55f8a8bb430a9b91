"""One recipe with every combination of some settings, and several seeds of each: trained, or found trained already."""

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
from ganzoo.training import loop


def recipes(
    name: str, over: Iterable[str], seeds: int, changes: Sequence[str], plugins: Plugins
) -> list[tuple[str, Recipe]]:
    """(what it is called, recipe) for each combination and seed.

    over: "loss.use=hinge,least_squares", or a list in TOML. seeds: how many, from the recipe's own on.
    Errors: RecipeError; all recipes are read before any is trained.
    """
    path, choices = locate.find(name, plugins), [_choices(one) for one in over]
    base, _ = resolver.read(path, changes, plugins.zoo)
    found = []
    for combination in product(*choices):
        for seed in range(base.run.seed, base.run.seed + seeds):
            asked = [*changes, *combination, f"run.seed={seed}"]
            found.append((" ".join([*combination, f"seed {seed}"]), resolver.read(path, asked, plugins.zoo)[0]))
    return found


def trained(recipe: Recipe, out: Path, plugins: Plugins) -> Run:
    """The finished run of this very recipe in `out`; an unfinished one goes on; otherwise it is trained.

    Errors: those of training.
    """
    if done := next(resume.same_recipe(out, recipe, plugins.zoo, finished=True), None):
        return Run(done.folder)
    begun = resume.unfinished(out, recipe, plugins.zoo)
    return loop.train(recipe, plugins, out, resume.at_newest_whole(begun) if begun else None)


def _choices(over: str) -> list[str]:
    """ "key=a,b" or "key=[1, 2]" -> ["key=a", "key=b"]."""
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
