"""Judges what a generator makes: draws samples, shows them to every metric, and says what each number rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganzoo.config.recipe import Recipe
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.metrics import best, feature_cache, selection
from ganzoo.metrics.metric import Evidence, Metric, Seen
from ganzoo.metrics.reference import Reference
from ganzoo.metrics.selection import Chosen
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import provenance
from ganzoo.runs.scores import Score
from ganzoo.utils import rng

TOLD = ("ganzoo-torch", "torch")  # packages whose version may change a number
SAMPLES = 10_000  # unless fewer real ones are held out
WANTS = {"features": "features", "logits": "logits", "classes": "logits"}

Draw = Callable[[int, Tensor | None, int], Tensor]
"""(n, labels (n,) or None, seed) -> samples (n, *shape)."""


def weights(averaged: bool) -> dict[str, str]:
    """Whose weights made the samples, as a protocol tells it."""
    return {"weights": "averaged" if averaged else "as trained"}


class Evaluator:
    """The metrics of one recipe. Building one reads no data and is cheap.

    data: what is trained on. conditional: whether samples are asked for classes. left_out: metrics that nobody asked
    for and that cannot judge these samples, with the reason.

    Raises:
        IncompatibleError: A metric, or the extractor, cannot judge these samples.
        RecipeError: No result has the name that `evaluate.best` asks for.
        SetupError: A package is missing, see Extractor.check().
        DataError: A download is missing, see Extractor.check().
    """

    def __init__(self, recipe: Recipe, data: Dataset, zoo: Zoo, conditional: bool):
        if data.spec.vocab:
            raise IncompatibleError(
                "samples are token ids, which no metric judges: what the data measures itself is logged."
            )
        self.recipe = recipe
        self.data = data
        self.conditional = conditional
        self.settings = recipe.evaluate
        self.extractor = selection.extractor(recipe, data, zoo)
        self.metrics = selection.metrics(recipe, data, zoo, conditional, self.extractor.made)
        best.check(self.settings.best, self.results)
        self._prepared = False
        self.left_out: dict[str, str] = {}
        self.floors: dict[tuple[int, int], dict[str, float]] = {}  # of which metric, from how many samples

    @property
    def results(self) -> list[str]:
        """The names that scores will have."""
        return [_named(result, one, self.extractor) for one in self.metrics for result in one.made.better]

    def prepare(self) -> None:
        """Get the extractor ready, and the real samples; may take minutes, and is done once.

        Errors: DataError when the data is missing, IncompatibleError when the extractor is not fit to judge.
        """
        if self._prepared:
            return
        with rng.preserve_rng(), torch.enable_grad():
            if self.wanted:
                self.extractor.made.prepare(self.reference)
            assert self.real is not None and self.held is not None
        self._prepared = True

    def __call__(self, draw: Draw, step: int, made_by: Mapping[str, str]) -> list[Score]:
        """Scores of what `draw` makes. made_by: what else is to be told of the samples, such as whose weights.

        Errors: GanzooError when a sample or a score is not a finite number; IncompatibleError for too few samples.
        """
        self.prepare()
        n = self.samples
        fake = self._fake(draw, max([n, *(one.made.samples for one in self.metrics)]))
        evidence = Evidence(self.real, self.held, fake, self.data)
        scores: list[Score] = []
        for one in self.metrics:
            try:
                scores += self._scores(one, evidence, n, step, made_by)
            except GanzooError as error:
                if self.recipe.metrics:  # asked for by name
                    raise
                self.left_out[one.name] = error.message
        if not scores:
            raise IncompatibleError(f"no metric can judge these samples: {' '.join(self.left_out.values())}")
        return scores

    @cached_property
    def reference(self) -> Reference:
        return Reference.from_dataset(self.data)

    @cached_property
    def wanted(self) -> frozenset[str]:
        """What the metrics want to know of samples beside the samples."""
        return frozenset(WANTS[one.made.sees] for one in self.metrics if one.made.sees in WANTS)

    @cached_property
    def real(self) -> Seen:
        return feature_cache.seen(self.reference.real, self.extractor, self.reference.cache, self.wanted)

    @cached_property
    def held(self) -> Seen:
        return feature_cache.seen(self.reference.held, self.extractor, self.reference.cache, self.wanted)

    @property
    def samples(self) -> int:
        """How many samples are drawn for metrics that have no number of their own."""
        return self.settings.samples or min(SAMPLES, len(self.reference.held))

    def _fake(self, draw: Draw, n: int) -> Seen:
        """Conditional generators are asked for classes as often as the data has them."""
        y = None
        if self.conditional:
            assert self.real.y is not None, "the data of a conditional GAN has labels"
            y = self.real.y[torch.arange(n) % len(self.real)]  # (n,)
        x = draw(n, y, self.settings.seed).detach().float().cpu()  # (n, *shape)
        if not x.isfinite().all():
            raise GanzooError("a generated sample is not a finite number: evaluate an earlier checkpoint.")
        return Seen(x, y, self.extractor.made)

    def _scores(
        self, one: Chosen, evidence: Evidence, n: int, step: int, made_by: Mapping[str, str]
    ) -> Iterable[Score]:
        metric: Metric = one.made
        n = metric.samples or n
        evidence = evidence.with_fake(evidence.fake.first(n))
        with rng.preserve_rng(), torch.enable_grad():
            values = metric(evidence)
            if wrong := [result for result in metric.better if not math.isfinite(values[result])]:
                raise IncompatibleError(
                    f"metric {one.name}: {wrong[0]} is not a finite number for these samples. Leave it out."
                )
            which = self.metrics.index(one), n  # two of one name may differ in their settings
            if which not in self.floors:
                self.floors[which] = dict(metric.floor(evidence))
        floor, protocol = self.floors[which], {**self._protocol(one, n), **made_by}
        for result, better in metric.better.items():
            name = _named(result, one, self.extractor)
            yield Score(step, name, float(values[result]), _finite(floor.get(result)), better, protocol)

    def _protocol(self, one: Chosen, n: int) -> dict[str, Any]:
        """Everything that another number has to share to be compared with this one."""
        told: dict[str, Any] = {
            "data": self.recipe.dataset.filled(),
            "data_digest": self.reference.real.fingerprint,
            "real": self.reference.real.told,
            "held_out": self.reference.held.told,
            "samples": n,
            "seed": self.settings.seed,
            "metric": one.facts,
        }
        if one.made.sees in WANTS:
            looks = self.extractor.made
            told["extractor"] = {**self.extractor.facts, "digest": looks.digest, **looks.facts()}
        return told | {"versions": {name: version for name, version in provenance.versions().items() if name in TOLD}}


def _finite(floor: float | None) -> float | None:
    return float(floor) if floor is not None and math.isfinite(floor) else None


def _named(result: str, metric: Chosen, extractor: Chosen) -> str:
    return f"{result}@{extractor.name}" if metric.made.sees in WANTS else result
