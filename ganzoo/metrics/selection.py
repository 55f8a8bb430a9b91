"""Selection of metrics and extractor: those that are named, or all that apply to the samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from ganzoo.config.component import Blueprint
from ganzoo.config.instantiate import REFUSALS
from ganzoo.config.recipe import Evaluation
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Metric
from ganzoo.registry.zoo import Zoo

DEFAULTS = ("ganzoo/referee", "ganzoo/rotations", "ganzoo/raw")  # extractors without a download, in order of preference
CLASSES = {"classes": ("data",), "logits": ("data", "others")}  # input of a metric -> classes of the extractor


class Request(Protocol):
    """Metrics, extractor and data of an evaluation, such as those of a recipe."""

    @property
    def evaluate(self) -> Evaluation:
        """Number and seed of the samples, and what is best."""

    @property
    def metrics(self) -> list[Blueprint]:
        """The metrics that are named; none for all that apply."""

    @property
    def extractor(self) -> Blueprint | None:
        """The extractor that is named, or None."""

    @property
    def dataset(self) -> Blueprint:
        """The data that samples are compared with."""


@dataclass(frozen=True)
class Selected:
    """A metric or an extractor with its settings.

    Args:
        component: The metric or extractor.
        blueprint: Its entry in the zoo, with the settings.
    """

    component: Any
    blueprint: Blueprint

    @property
    def name(self) -> str:
        """Return the name in the zoo."""
        return self.blueprint.entry.name

    @property
    def facts(self) -> dict[str, Any]:
        """Return the full name and all settings."""
        return self.blueprint.filled()


def extractors(request: Request, data: Dataset, zoo: Zoo) -> list[Selected]:
    """Select the extractor that is named, or those of DEFAULTS that can process the samples.

    Args:
        request: A recipe, or another request.
        data: The training data.
        zoo: The zoo.

    Returns:
        At least one; each is for the case that the ones before it fail on these data.

    Raises:
        GanzooError: None can be used, see Extractor.check().
    """
    if request.extractor:
        named = Selected(_build(request.extractor), request.extractor)
        named.component.check(data.spec)
        return [named]
    usable: list[Selected] = []
    errors: list[GanzooError] = []
    for name in DEFAULTS:
        try:
            blueprint = Blueprint(zoo.find("extractor", name))
            selected = Selected(_build(blueprint), blueprint)
            selected.component.check(data.spec)
        except GanzooError as error:
            errors.append(error)
        else:
            usable.append(selected)
    if not usable:
        raise errors[-1]
    return usable


def metrics(request: Request, data: Dataset, zoo: Zoo, conditional: bool, extractor: Extractor) -> list[Selected]:
    """Select the metrics that are named, or all that are computed by default and apply.

    Args:
        request: A recipe, or another request.
        data: The training data.
        zoo: The zoo.
        conditional: Whether classes are requested from the GAN.
        extractor: The extractor.

    Returns:
        The metrics.

    Raises:
        IncompatibleError: A named metric does not apply, or no metric does.
    """
    if request.metrics:
        named = [Selected(_build(blueprint), blueprint) for blueprint in request.metrics]
        for metric in named:
            _check(metric, data, conditional, extractor)
        return named
    applicable = [*_applicable(data, zoo, conditional, extractor)]
    if not applicable:
        raise IncompatibleError("no metric applies to these samples. `ganzoo list metric` lists all metrics.")
    return applicable


def _applicable(data: Dataset, zoo: Zoo, conditional: bool, extractor: Extractor) -> Iterator[Selected]:
    for entry in zoo.entries("metric"):
        blueprint = Blueprint(entry)
        try:
            if not entry.load().by_default or blueprint.problems():
                continue
            metric = Selected(_build(blueprint), blueprint)
            _check(metric, data, conditional, extractor)
        except GanzooError:  # a broken plugin only loses its own metric
            continue
        yield metric


def _build(blueprint: Blueprint) -> Any:
    try:
        return blueprint()
    except REFUSALS as error:
        entry = blueprint.entry
        raise IncompatibleError(f"{entry.kind} {entry.name!r} cannot be made with these settings: {error}") from error


def _check(selected: Selected, data: Dataset, conditional: bool, extractor: Extractor) -> None:
    metric: Metric = selected.component
    suitable = CLASSES.get(metric.sees)
    if suitable and extractor.classifies not in suitable:
        raise IncompatibleError(
            f"metric {selected.name!r} needs predicted classes{' of the data' if metric.sees == 'classes' else ''}, "
            f"and {type(extractor).__name__} predicts none. Use an extractor that does, such as referee."
        )
    metric.check(data.spec, data, conditional)
