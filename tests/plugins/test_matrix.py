"""Combinations of components train, or are refused with what to do. `python benchmarks/matrix.py` walks them all.
Nothing here is written for one component: whatever is registered is covered.
"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import Comparison, Discriminator, IncompatibleError, Loss, Regularizer, Spec, Terms
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo
from matrix import Combination, InProcedure, Matrix

SAMPLE, SEED = 20, 0
SPECS = [Spec((1, 28, 28)), Spec((1, 28, 28), classes=4), Spec((3, 32, 32), classes=4)]  # those of 64x64 take longest


@pytest.mark.slow
def test_any_two_components_train_or_refuse_each_other_with_what_to_do() -> None:
    """Every pair once, a seeded sample of all combinations, and every regularizer in an eighth of the procedures."""
    matrix = Matrix(discovery.load().zoo, SPECS)
    report = matrix.walk(itertools.chain(matrix.pairs(SEED), matrix.sample(SAMPLE, SEED), matrix.procedures(parts=8)))
    print(report)
    assert report.count("failed") == 0, str(report)
    assert report.count("trained") > report.outcomes.total() / 2


def test_all_components_meet_each_other_in_few_combinations() -> None:
    matrix = Matrix(discovery.load().zoo, [Spec((1, 28, 28)), Spec((1, 28, 28), classes=4)])
    drawn = list(matrix.pairs(SEED))
    met = {pair for one in drawn for pair in itertools.combinations(one[1:], 2)}
    named = {(one.name if one else "none", other.name if other else "none") for one, other in met}
    assert {("mlp", "mlp"), ("mlp", "cgan"), ("mlp", "hinge"), ("cgan", "none"), ("hinge", "r1")} <= named
    assert ("seqgan", "seqgan") not in named  # images are no tokens
    assert len(met) / 6 <= len(drawn) < len(met) / 2
    assert drawn == list(matrix.pairs(SEED)) != list(matrix.pairs(SEED + 1))


def test_every_procedure_meets_every_regularizer_and_each_of_its_losses() -> None:
    matrix = Matrix(discovery.load().zoo)
    drawn = list(matrix.procedures())
    met = {(one.procedure, one.regularizer) for one in drawn}
    assert met == {*itertools.product(matrix.penalised(), matrix.entries[-1])}
    losses = {(one.procedure, one.loss) for one in drawn}
    assert losses == {(procedure, loss) for procedure, taken in matrix.penalised().items() for loss in taken}
    names = {procedure.name: len(taken) for procedure, taken in matrix.penalised().items()}
    assert names["gman"] == names["translation"] == len(matrix.entries[2]) > 1 == names["began"]
    assert str(drawn[0]).count(" + ") == 2
    quarter = list(matrix.procedures(parts=4))
    assert len(drawn) / 5 < len(quarter) < len(drawn) / 3
    assert {one.procedure for one in quarter} == {*matrix.penalised()}
    assert {one.regularizer for one in quarter} == {*matrix.entries[-1]}


class Judge(Discriminator):
    """A linear one."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.layer = torch.nn.Linear(spec.size, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x.flatten(1)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer(self.features(x)).squeeze(1)


class Shapeless(Judge):
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layer(self.features(x))  # (N, 1)


class OnlyOnPaper(Judge):
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        if not x.is_meta:
            raise KeyError("weights")
        return super().forward(x, y)


class Rude(Regularizer):
    def check(self, critic: Any) -> None:
        raise IncompatibleError("I would rather not.")


class Stumbling(Regularizer):
    def check(self, critic: Any) -> None:
        raise ValueError("no such layer")


class Careful(Regularizer):
    def check(self, critic: Any) -> None:
        raise IncompatibleError("this regularizer wants another discriminator: use one.")


class Endless(Regularizer):
    def terms(self, comparison: Comparison) -> Terms:
        return {"endless": comparison.critic(comparison.real).sum() * float("inf")}


class Indifferent(Loss):
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean() - real.mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return 0 * fake.mean()


@pytest.fixture(scope="module")
def zoo() -> Zoo:
    zoo, planted = discovery.load().zoo, Zoo(owner="tests")
    for kind, target in (
        *(("discriminator", one) for one in (Judge, Shapeless, OnlyOnPaper)),
        *(("regularizer", one) for one in (Rude, Stumbling, Careful, Endless)),
        ("loss", Indifferent),
    ):
        planted.add(kind, target.__name__.lower(), target)
    zoo.merge(planted)
    return zoo


def attempt(zoo: Zoo, discriminator: str = "judge", loss: str = "hinge", regularizer: str = "") -> tuple[str, str]:
    named = ("generator", "mlp"), ("discriminator", discriminator), ("loss", loss)
    found = [zoo.find(kind, name) for kind, name in named]
    extra = zoo.find("regularizer", regularizer) if regularizer else None
    return Matrix(zoo).attempt(Combination(Spec((1, 28, 28)), *found, extra))


def test_what_trains_and_what_is_refused(zoo: Zoo) -> None:
    assert attempt(zoo) == ("trained", "")
    assert attempt(zoo, regularizer="careful") == ("refused", "this regularizer wants another discriminator: use one.")
    assert attempt(zoo, discriminator="cgan")[0] == "refused"


@pytest.mark.parametrize(
    ("procedure", "loss", "regularizer", "outcome"),
    [
        ("gman", "hinge", "r1", ("trained", "")),
        ("began", None, None, ("trained", "")),
        ("vaegan", "hinge", "careful", ("refused", "this regularizer wants another discriminator: use one.")),
        ("gman", "hinge", "endless", ("failed", "a term is not finite")),
        ("gman", "indifferent", None, ("failed", "the generator does not move")),
    ],
)
def test_what_trains_in_other_procedures(
    procedure: str, loss: str | None, regularizer: str | None, outcome: tuple[str, str], zoo: Zoo
) -> None:
    kinds = {"procedure": procedure, "loss": loss, "regularizer": regularizer}
    parts = [name and zoo.find(kind, name) for kind, name in kinds.items()]
    assert Matrix(zoo).attempt(InProcedure(*parts)) == outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("parts", "cause"),
    [
        ({"discriminator": "shapeless"}, "discriminator shapeless: AssertionError: logits of shape (4, 1)"),
        ({"discriminator": "onlyonpaper"}, "while training: KeyError: 'weights'"),
        ({"regularizer": "rude"}, "while building: refused without saying what to do: I would rather not."),
        ({"regularizer": "stumbling"}, "while building: ValueError: no such layer"),
        ({"regularizer": "endless"}, "a term is not finite"),
        ({"loss": "indifferent"}, "the generator does not move"),
    ],
    ids=str,
)
def test_anything_else_is_a_failure(parts: dict[str, str], cause: str, zoo: Zoo) -> None:
    assert attempt(zoo, **parts) == ("failed", cause)


def test_the_report_counts_and_shows_failures(zoo: Zoo) -> None:
    matrix = Matrix(zoo, [Spec((1, 28, 28))])
    kept = {"judge", "hinge", "indifferent", "careful", None}
    few = [
        one
        for one in matrix.all()
        if isinstance(one, Combination)
        and one.generator.name == "mlp"
        and {part and part.name for part in one[2:]} <= kept
    ]
    report = str(matrix.walk(few))
    assert report.startswith("4 combinations: 1 trained, 2 refused, 1 failed\n")
    assert "2 refused: this regularizer wants another discriminator: use one." in report
    assert "1 failed: the generator does not move\n            mlp + judge + indifferent + none on 1x28x28" in report
