"""The trials of a sweep: a recipe with every combination of some settings, and several seeds of each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from ganzoo.config import locate, resolver
from ganzoo.config.overrides import as_toml
from ganzoo.config.parser import Tree, parse_toml
from ganzoo.config.recipe import Recipe
from ganzoo.errors import RecipeError
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import resume
from ganzoo.training import trackers

KEY_LENGTH = 16  # hex digits


@dataclass(frozen=True)
class Sweep:
    """A recipe, and the settings and seeds to train it with.

    Attributes:
        recipe: Name or path of the recipe.
        changes: Overrides for all trainings, such as "run.steps=500".
        over: Settings with their values: "loss.use=hinge,least_squares", or with a list of TOML.
        seeds: Number of seeds, counted from the recipe's own.
        out: The folder of runs.
    """

    recipe: str
    changes: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    seeds: int = 1
    out: Path = Path("runs")

    def arguments(self) -> list[str]:
        """Return the arguments of `ganzoo compare` for this sweep."""
        over = [word for setting in self.over for word in ("--over", setting)]
        return [self.recipe, *self.changes, *over, "--seeds", str(self.seeds), "--out", str(self.out)]


@dataclass(frozen=True)
class Trial:
    """One training of a sweep.

    Attributes:
        label: The settings in which it differs from the other trials: "loss.use=hinge seed 0".
        recipe: What to train.
    """

    label: str
    recipe: Recipe

    @cached_property
    def key(self) -> str:
        """Name of the trial among all processes: equal where the recipes are, whatever they are called."""
        return key_of(resume.comparable(self.recipe))


def key_of(settings: Tree) -> str:
    """Return the first digits of the SHA-256 of a recipe's settings.

    Args:
        settings: The settings, as resume.comparable() and resume.comparable_of() return them.

    Returns:
        Hexadecimal digits.
    """
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:KEY_LENGTH]


def trials(sweep: Sweep, plugins: Plugins) -> list[Trial]:
    """Read one recipe for each combination and seed of a sweep.

    Args:
        sweep: The sweep.
        plugins: The loaded plugins.

    Returns:
        The trials, in the order of the combinations; each occurs once.

    Raises:
        RecipeError: A recipe is wrong; all are read before any is trained.
        SetupError: A tracker is not installed.
    """
    path, tried = locate.find(sweep.recipe, plugins), [choices(setting) for setting in sweep.over]
    base, _ = resolver.read(path, sweep.changes, plugins.zoo)
    found: dict[str, Trial] = {}
    for combination in product(*tried):
        for seed in range(base.run.seed, base.run.seed + sweep.seeds):
            overrides = [*sweep.changes, *combination, f"run.seed={seed}"]
            label = " ".join([*combination, f"seed {seed}"])
            trial = Trial(label, resolver.read(path, overrides, plugins.zoo)[0])
            found.setdefault(trial.key, trial)
    for trial in found.values():
        trackers.find(trial.recipe.run.trackers)
    return [*found.values()]


def choices(over: str) -> list[str]:
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
    elif isinstance(parsed, str):  # in quotes, which keep a comma from parting it
        yield text.strip()
    else:
        yield from (part.strip() for part in text.split(","))
