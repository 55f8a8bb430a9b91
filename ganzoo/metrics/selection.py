"""Which metrics judge a run, and what they look with: those that a recipe names, or all that make sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ganzoo.config.component import Blueprint
from ganzoo.config.instantiate import REFUSALS
from ganzoo.config.recipe import Recipe
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Metric
from ganzoo.registry.zoo import Zoo

FIRST_CHOICE = ("ganzoo/referee", "ganzoo/raw")  # extractors that need no download


@dataclass(frozen=True)
class Chosen:
    """A metric or an extractor, and the table that it was made from."""

    made: Any
    blueprint: Blueprint

    @property
    def name(self) -> str:
        return self.blueprint.entry.name

    @property
    def facts(self) -> dict[str, Any]:
        """Full name and every setting."""
        return self.blueprint.filled()


def extractor(recipe: Recipe, data: Dataset, zoo: Zoo) -> Chosen:
    """The one that the recipe names, or the first that can look at such samples without a download.

    Errors: those of Extractor.check().
    """
    if recipe.extractor:
        chosen = Chosen(_made(recipe.extractor), recipe.extractor)
        chosen.made.check(data.spec)
        return chosen
    refused: list[GanzooError] = []
    for name in FIRST_CHOICE:
        try:
            blueprint = Blueprint(zoo.find("extractor", name))
            chosen = Chosen(_made(blueprint), blueprint)
            chosen.made.check(data.spec)
        except GanzooError as error:
            refused.append(error)
        else:
            return chosen
    raise refused[-1]


def metrics(recipe: Recipe, data: Dataset, zoo: Zoo, conditional: bool, looks: Extractor) -> list[Chosen]:
    """Those that the recipe names, each of which has to make sense; without any, all others that do.

    Errors: IncompatibleError.
    """
    if recipe.metrics:
        named = [Chosen(_made(blueprint), blueprint) for blueprint in recipe.metrics]
        for one in named:
            _check(one, data, conditional, looks)
        return named
    found = [*_fitting(data, zoo, conditional, looks)]
    if not found:
        raise IncompatibleError("no metric makes sense for these samples. `ganzoo list metric` shows all of them.")
    return found


def _fitting(data: Dataset, zoo: Zoo, conditional: bool, looks: Extractor) -> Iterator[Chosen]:
    for entry in zoo.entries("metric"):
        blueprint = Blueprint(entry)
        try:
            if not entry.load().by_default or blueprint.problems():
                continue
            one = Chosen(_made(blueprint), blueprint)
            _check(one, data, conditional, looks)
        except GanzooError:  # a plugin that is broken costs its own metric only
            continue
        yield one


def _made(blueprint: Blueprint) -> Any:
    try:
        return blueprint()
    except REFUSALS as error:
        entry = blueprint.entry
        raise IncompatibleError(f"{entry.kind} {entry.name!r} cannot be made with these settings: {error}") from error


def _check(one: Chosen, data: Dataset, conditional: bool, looks: Extractor) -> None:
    metric: Metric = one.made
    enough = {"classes": ("data",), "logits": ("data", "others")}.get(metric.sees)
    if enough and looks.classifies not in enough:
        raise IncompatibleError(
            f"metric {one.name!r} needs to be told classes{' of the data' if metric.sees == 'classes' else ''}, and "
            f"{type(looks).__name__} tells none. Use an extractor that does, such as referee."
        )
    metric.check(data.spec, data, conditional)
