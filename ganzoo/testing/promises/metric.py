"""What a ganzoo.Metric promises. It is asked on clusters that are easily told apart: images, points and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganzoo.errors import IncompatibleError
from ganzoo.metrics.extractor import Extractor
from ganzoo.metrics.metric import Evidence, Seen
from ganzoo.testing.check import expect, skip
from ganzoo.testing.evidence import cluster_cases, metric_evidence
from ganzoo.testing.subjects import Component
from ganzoo.utils import rng

WAYS = ("lower", "higher", "nearer")
SEES = ("samples", "features", "logits", "classes")


def it_says_what_it_gives_and_sees(component: Component) -> None:
    """`better` names each result and which way is good; `sees` says what it looks at."""
    metric = component.build()
    better = getattr(metric, "better", {})
    expect(
        better and {*better.values()} <= {*WAYS},
        f"{component}: better is {better!r}. Name each result there, with one of {', '.join(WAYS)}.",
    )
    expect(metric.sees in SEES, f"{component}: sees is {metric.sees!r}. Use one of {', '.join(SEES)}.")


def it_refuses_by_a_misfit(component: Component) -> None:
    """check() raises IncompatibleError, and nothing else, for samples that it makes no sense for."""
    for case in cluster_cases():
        metric = component.build()
        try:
            metric.check(case.data.spec, case.data, case.conditional)
        except IncompatibleError:
            continue
        except Exception as error:  # whatever it is, it is the finding
            expect(
                False,
                f"{component}: check() raises {type(error).__name__}: {error}, for data {case.data.spec.shape}. "
                "Raise ganzoo.IncompatibleError with what would fit.",
            )
        expect(
            case.conditional or not metric.asked,
            f"{component}: asked is True, and check() takes samples that were not asked for by class. Call "
            "super().check(spec, data, conditional) first.",
        )


def its_results_are_those_that_it_names(component: Component) -> None:
    """Finite numbers by the names in `better`, of generated samples and of the floor."""
    for metric, evidence in metric_evidence(component):
        for where, results in (("it", metric(evidence)), ("floor()", metric.floor(evidence))):
            expect(
                [*results] == [*metric.better],
                f"{component}: {where} gives {', '.join(results) or 'nothing'}, and better names "
                f"{', '.join(metric.better)}. Return exactly those, in that order.",
            )
            for name, value in results.items():
                expect(
                    type(value) is float,
                    f"{component}: {where} gives {name} as {type(value).__name__}. Make it a float: float(...).",
                )
                expect(
                    math.isfinite(value),
                    f"{component}: {where} gives {name} = {value}. Raise IncompatibleError without a finite score.",
                )


def the_same_evidence_gives_the_same_numbers(component: Component) -> None:
    """Whatever it draws, it draws from a seed of its own, and leaves the noise of training alone."""
    for metric, evidence in metric_evidence(component):
        torch.manual_seed(7)
        before = rng.tensors()["random.cpu"], rng.words()
        with torch.no_grad():  # as after training
            first, again = metric(evidence), metric(evidence)
        drew = not torch.equal(before[0], rng.tensors()["random.cpu"]) or before[1] != rng.words()
        expect(
            first == again and not drew,
            f"{component}: the same evidence gives {_told(first)}, then {_told(again)}"
            f"{', and it draws from the generator of training' if drew else ''}. Draw from a generator of its own, "
            "torch.Generator().manual_seed(0), and compute in float64.",
        )


def it_changes_nothing_that_it_is_shown(component: Component) -> None:
    """Other metrics are shown the same samples after it."""
    for metric, evidence in metric_evidence(component):
        sides = evidence.real, evidence.held, evidence.fake
        copies = [side.x.clone() for side in sides]
        metric(evidence)
        metric.floor(evidence)
        expect(
            all(torch.equal(side.x, copy) for side, copy in zip(sides, copies, strict=True)),
            f"{component} changes the samples that it is shown. Work on a copy: no method that ends in _.",
        )


def it_looks_at_nothing_but_what_it_says(component: Component) -> None:
    """One that `sees` samples names no extractor in its score, and so must not look with one."""
    if component.build().sees != "samples":
        skip("it looks with an extractor")
    for metric, evidence in metric_evidence(component):
        real, held, fake = (Seen(side.x, side.y, _Blind()) for side in (evidence.real, evidence.held, evidence.fake))
        try:
            blind = metric(Evidence(real, held, fake, evidence.data))
        except _Looked:
            expect(False, f'{component} looks at features. Say so: sees = "features", or "logits", or "classes".')
        seeing = metric(evidence), metric(evidence)
        expect(
            blind in seeing or seeing[0] != seeing[1],
            f"{component}: its numbers depend on the extractor. Look at x alone.",
        )


def better_samples_score_better(component: Component) -> None:
    """Its first result, where lower or higher is better, is no better for noise than for what is nearly real."""
    for metric, evidence in metric_evidence(component):
        name, way = next(iter(metric.better.items()))
        if way == "nearer":
            skip("neither lower nor higher is better")
        good, bad = metric(evidence), metric(evidence.with_fake(_poor(evidence)))
        if name not in good or name not in bad:
            skip("it does not give the result that it names")
        expect(
            good[name] <= bad[name] if way == "lower" else good[name] >= bad[name],
            f"{component}: {name} is {good[name]:g} for samples that are nearly real and {bad[name]:g} for noise, and "
            f"better says that {way} is better. Turn one of them round.",
        )


class _Looked(Exception):
    """Somebody asked for features."""


class _Blind(Extractor):
    def features(self, x: Tensor) -> Tensor:
        raise _Looked

    def logits(self, x: Tensor) -> Tensor:
        raise _Looked


def _poor(evidence: Evidence) -> Seen:
    """As many samples of noise, with the labels of those generated; points lie far from all real ones."""
    fake = evidence.fake
    noise = torch.rand(fake.x.shape, generator=torch.Generator().manual_seed(1)) * 2 - 1
    x = noise if evidence.data.spec.is_image else 5 + 3 * noise
    return Seen(x, fake.y, fake.extractor)


def _told(results: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in results.items())
