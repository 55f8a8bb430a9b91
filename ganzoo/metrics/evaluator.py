"""Evaluation of samples by all metrics of a request, with floors and protocols."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.metrics import best, feature_cache, selection
from ganzoo.metrics.metric import Evidence, Metric, Seen
from ganzoo.metrics.reference import Reference
from ganzoo.metrics.selection import Request, Selected
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import provenance
from ganzoo.runs.scores import BEST_OF, Score, has_name
from ganzoo.utils import rng

PACKAGES = ("ganzoo-torch", "torch")  # packages whose version may change a score
SAMPLES = 2_000  # generated samples, unless fewer real ones are held out
OUTPUTS = {  # input of a metric -> outputs of the extractor
    "features": ("features",),
    "logits": ("logits",),
    "classes": ("features", "logits"),
}

Sampler = Callable[[int, Tensor | None, int], Tensor]
"""(n, labels (n,) or None, seed) -> samples (n, *shape)."""


def weights(averaged: bool) -> dict[str, str]:
    """Return the entry of a protocol on the weights that generated the samples."""
    return {"weights": "averaged" if averaged else "as trained"}


class Evaluator:
    """Computes scores with the metrics of a recipe or another request. The constructor is fast and reads no data.

    `left_out` has the metrics that were not named and could not process the samples, with the reason.

    Args:
        request: The recipe, or another request.
        data: The training data.
        zoo: The zoo.
        conditional: Whether classes are requested from the GAN.
        told: Called with a line of text before the samples are generated, and for each metric.

    Raises:
        IncompatibleError: A metric, or the extractor, cannot process these samples.
        RecipeError: No result has the name that `evaluate.best` gives.
        SetupError: A package is missing, see Extractor.check().
        DataError: A download is missing, see Extractor.check().
    """

    def __init__(
        self,
        request: Request,
        data: Dataset,
        zoo: Zoo,
        conditional: bool,
        told: Callable[[str], None] = lambda text: None,
    ):
        if data.spec.vocab:
            raise IncompatibleError(
                "samples are token ids, which no metric can process: measurements by the dataset are logged instead."
            )
        self.request = request
        self.data = data
        self.conditional = conditional
        self.told = told
        self.settings = request.evaluate
        self.zoo = zoo
        self._extractors = selection.extractors(request, data, zoo)
        self._select(self._extractors.pop(0))
        self._prepared = False
        self.left_out: dict[str, str] = {}
        self.floors: dict[tuple[int, int], dict[str, float]] = {}  # by index of the metric and number of samples

    def _select(self, extractor: Selected) -> None:
        """Use this extractor, and the metrics that can be computed with it."""
        self.extractor = extractor
        self.metrics = selection.metrics(self.request, self.data, self.zoo, self.conditional, extractor.component)
        best.check(self.settings.best, self.results)
        if self.settings.patience and not any(self._can_decide(metric) for metric in self.metrics):
            raise IncompatibleError(
                "[evaluate] patience: no score of this run is better when it is higher or lower. Add a [[metric]] such "
                "as frechet_distance, name another score by evaluate.best, or take patience out."
            )

    def _can_decide(self, metric: Selected) -> bool:
        """Return True when a result of a metric has a better direction, and the name that `evaluate.best` gives."""
        results = {_full_name(name, metric, self.extractor): better for name, better in metric.component.better.items()}
        return any(better in BEST_OF and has_name(result, self.settings.best) for result, better in results.items())

    def _select_next(self, refusal: IncompatibleError) -> None:
        """Use the next of the default extractors, if all named metrics can be computed with it."""
        following = self._extractors.pop(0)
        try:
            self._select(following)
        except GanzooError:
            raise refusal from None
        self.told(f"{refusal.message} Now using {following.name}.")

    @property
    def results(self) -> list[str]:
        """Return the names of the scores."""
        return [
            _full_name(result, metric, self.extractor) for metric in self.metrics for result in metric.component.better
        ]

    def prepare(self) -> None:
        """Prepare the extractor and read the real samples, once; may take minutes.

        Where the recipe names no extractor and the trained one is too inaccurate, the next of the defaults is used.

        Raises:
            DataError: Data are missing.
            IncompatibleError: The trained extractor is too inaccurate.
        """
        if self._prepared:
            return
        with rng.preserve_rng(), torch.enable_grad():
            while self.outputs:
                try:
                    self.extractor.component.prepare(self.reference)
                    break
                except IncompatibleError as refusal:
                    if not self._extractors:
                        raise
                    self._select_next(refusal)
            assert self.real is not None and self.held is not None
        self._prepared = True

    def __call__(self, sampler: Sampler, step: int, generated_by: Mapping[str, str]) -> list[Score]:
        """Generate samples and compute their scores.

        Args:
            sampler: Generates the samples.
            step: The step of the generator.
            generated_by: Further entries of the protocol on the samples, such as weights().

        Returns:
            The scores.

        Raises:
            GanzooError: A sample is not finite.
            IncompatibleError: A named metric, or every metric, cannot process the samples, because they are too few or
                a score is not finite.
        """
        self.prepare()
        n = self.samples
        most = max([n, *(metric.component.samples for metric in self.metrics)])
        self.told(f"generating {most:,} samples")
        return self._all_scores(self._generate(sampler, most), n, step, generated_by)

    def judge(self, x: Tensor, y: Tensor | None, facts: Mapping[str, Any]) -> list[Score]:
        """Compute the scores of given samples.

        Args:
            x: Samples (N, *shape), images in [-1, 1].
            y: Their classes (N,), if classes are requested; else None.
            facts: Further entries of the protocol on the samples.

        Returns:
            The scores, of step 0.

        Raises:
            IncompatibleError: As when samples are generated.
        """
        self.prepare()
        self.left_out = {}
        return self._all_scores(Seen(x, y, self.extractor.component), len(x), 0, facts)

    def _all_scores(self, fake: Seen, n: int, step: int, facts: Mapping[str, Any]) -> list[Score]:
        """Return the scores of samples, of which most metrics see the first n."""
        evidence = Evidence(self.real, self.held, fake, self.data)
        scores: list[Score] = []
        for number, metric in enumerate(self.metrics, 1):
            self.told(f"metric {number} of {len(self.metrics)}: {metric.name}")
            try:
                scores += self._scores(metric, evidence, n, step, facts)
            except GanzooError as error:
                if self.request.metrics:  # named
                    raise
                self.left_out[metric.name] = error.message
        if not scores:
            raise IncompatibleError(f"no metric can process these samples: {' '.join(self.left_out.values())}")
        return scores

    @cached_property
    def reference(self) -> Reference:
        """Return the real samples, which are read on first access."""
        return Reference.from_dataset(self.data)

    @property
    def outputs(self) -> frozenset[str]:
        """Return the outputs of the extractor that the metrics need."""
        inputs = (metric.component.sees for metric in self.metrics)
        return frozenset(output for name in inputs for output in OUTPUTS.get(name, ()))

    @cached_property
    def real(self) -> Seen:
        """Return the real samples with the outputs of the extractor."""
        return feature_cache.seen(self.reference.real, self.extractor, self.reference.cache, self.outputs)

    @cached_property
    def held(self) -> Seen:
        """Return the held-out samples with the outputs of the extractor."""
        return feature_cache.seen(self.reference.held, self.extractor, self.reference.cache, self.outputs)

    @property
    def samples(self) -> int:
        """Return the number of generated samples for metrics whose protocol has no number."""
        return self.settings.samples or min(SAMPLES, len(self.reference.held))

    def _generate(self, sampler: Sampler, n: int) -> Seen:
        """Generate samples, with the classes in the proportions of the data if the GAN is conditional."""
        y = None
        if self.conditional:
            assert self.real.y is not None, "the data of a conditional GAN has labels"
            y = self.real.y[torch.arange(n) % len(self.real)]  # (n,)
        x = sampler(n, y, self.settings.seed).detach().float().cpu()  # (n, *shape)
        if not x.isfinite().all():
            raise GanzooError("a generated sample is not a finite number: evaluate an earlier checkpoint.")
        return Seen(x, y, self.extractor.component)

    def _scores(
        self, selected: Selected, evidence: Evidence, n: int, step: int, facts: Mapping[str, Any]
    ) -> Iterable[Score]:
        metric: Metric = selected.component
        n = metric.samples or n
        if len(evidence.fake) < n:
            raise IncompatibleError(
                f"metric {selected.name} needs {n:,} samples, and there are {len(evidence.fake):,}: give more."
            )
        evidence = evidence.with_fake(evidence.fake.first(n))
        with rng.preserve_rng(), torch.enable_grad():
            values = metric(evidence)
            if invalid := [result for result in metric.better if not math.isfinite(values[result])]:
                raise IncompatibleError(
                    f"metric {selected.name}: {invalid[0]} is not a finite number for these samples. Leave it out."
                )
            key = self.metrics.index(selected), n  # two metrics of one name may have different settings
            if key not in self.floors:
                self.floors[key] = dict(metric.floor(evidence))
        floors, protocol = self.floors[key], {**self._protocol(selected, n), **facts}
        for result, better in metric.better.items():
            name = _full_name(result, selected, self.extractor)
            yield Score(step, name, float(values[result]), _finite(floors.get(result)), better, protocol)

    def _protocol(self, metric: Selected, n: int) -> dict[str, Any]:
        """Return all that comparable scores must have in common."""
        protocol: dict[str, Any] = {
            "data": self.request.dataset.filled(),
            "data_digest": self.reference.real.fingerprint,
            "real": self.reference.real.told,
            "held_out": self.reference.held.told,
            "samples": n,
            "seed": self.settings.seed,
            "metric": metric.facts,
        }
        if metric.component.sees in OUTPUTS:
            extractor = self.extractor.component
            protocol["extractor"] = {**self.extractor.facts, "digest": extractor.digest, **extractor.facts()}
        versions = {name: version for name, version in provenance.versions().items() if name in PACKAGES}
        return protocol | {"versions": versions}


def _finite(floor: float | None) -> float | None:
    return float(floor) if floor is not None and math.isfinite(floor) else None


def _full_name(result: str, metric: Selected, extractor: Selected) -> str:
    return f"{result}@{extractor.name}" if metric.component.sees in OUTPUTS else result
