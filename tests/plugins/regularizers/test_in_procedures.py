"""Regularizers in every procedure that has a discriminator: what they are handed, and what penalties amount to."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Blueprint, Comparison, Discriminator, IncompatibleError, Procedure, Regularizer, Spec, Terms
from ganzoo.config import instantiate
from ganzoo.config.signature import is_list_of_parts
from ganzoo.registry.zoo import Entry, Zoo
from ganzoo.testing.examples import Example
from ganzoo_builtins.regularizers.gradient_penalty import GradientPenalty
from ganzoo_builtins.regularizers.r1 import R1
from helpers.examples import PROCEDURES, example_of

SLOPE = 5.0
PARTS = {entry: Blueprint(entry).signature.parts for entry in PROCEDURES}
WITH_CRITIC = [entry for entry in PROCEDURES if any(name.startswith("discriminator") for name in PARTS[entry])]
OF_SAMPLES = [entry for entry in WITH_CRITIC if entry.name != "seqgan"]  # whose penalties at samples exist


class Linear(Discriminator):
    """A discriminator whose gradient has the norm SLOPE everywhere, equally large in every number of a sample."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.w = nn.Parameter(torch.full((spec.size,), SLOPE / math.sqrt(spec.size)))

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x.flatten(1)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return features @ self.w


def named(name: str) -> Entry:
    return next(entry for entry in PROCEDURES if entry.name == name)


def planted(kind: str, target: Any) -> Blueprint:
    zoo = Zoo(owner="tests")
    zoo.add(kind, target.__name__.lower(), target)
    return Blueprint(zoo.find(kind, target.__name__.lower()))


class CriticsWitness(Regularizer):
    """Keeps what it is handed in moves of discriminators."""

    def __init__(self) -> None:
        self.handed: list[tuple[str, Comparison]] = []
        self.projected = 0

    def terms(self, comparison: Comparison) -> Terms:
        self.look("discriminator", comparison)
        return {}

    def project(self, critic: nn.Module) -> None:
        self.projected += 1

    def look(self, player: str, one: Comparison) -> None:
        self.handed.append((player, one))
        assert one.real.shape[1:] == one.fake.shape[1:]
        assert not one.real.requires_grad and one.fake.requires_grad == (player == "generator")
        assert isinstance(one.discriminator, nn.Module) and isinstance(one.generator, nn.Module)
        judged = {"real": (one.real, one.real_logits), "fake": (one.fake, one.fake_logits)}
        if player == "discriminator":
            assert one.real_logits is not None and one.fake_logits is not None
            assert one.critic(one.real).shape == one.critic(one.fake).shape
        for x, logits in judged.values():
            if logits is not None:
                judged_again = one.critic(x)  # no example has labels for its discriminator
                torch.testing.assert_close(judged_again, logits, rtol=0.05, atol=0.01)  # spectral norm iterates
        assert one.features(one.real).dim() == 2
        assert torch.equal(one.over_processes(one.real.mean()), one.real.mean())


class Witness(CriticsWitness):
    """Keeps what it is handed in moves of either player."""

    def generator_terms(self, comparison: Comparison) -> Terms:
        self.look("generator", comparison)
        return {}


def build(example: Example, regularizers: list[Callable[[], Regularizer]], **parts: Blueprint) -> Procedure:
    """Build the example of a procedure with regularizers, and with other parts."""
    given: Any = {**example.recipe.parts, "regularizer": regularizers, **parts}
    procedure = instantiate.procedure_from(example.recipe.procedure, given, example.spec, 0)
    for module in procedure.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    if hasattr(procedure, "margin") and hasattr(procedure, "equilibrium"):
        procedure.margin = 1e9  # nobody waits
    return procedure


@pytest.mark.parametrize("entry", WITH_CRITIC, ids=lambda entry: entry.name)
def test_every_procedure_with_a_discriminator_takes_regularizers(entry: Entry) -> None:
    assert "regularizer" in PARTS[entry], f"{entry.name} names a discriminator and takes no [[regularizer]]"
    assert is_list_of_parts(PARTS[entry]["regularizer"])


@pytest.mark.parametrize("entry", OF_SAMPLES, ids=lambda entry: entry.name)
def test_what_a_procedure_hands_over(entry: Entry) -> None:
    example, witnesses = example_of(entry), list[CriticsWitness]()
    compares = entry.name != "larger_generator_batch"  # whose generator has more fakes than there are real samples

    def witness() -> CriticsWitness:
        witnesses.append(Witness() if compares else CriticsWitness())
        return witnesses[-1]

    procedure = build(example, [witness])
    engine, batches = example.engine(procedure), example.batches()
    for t in range(3):
        before = [len(one.handed) for one in witnesses]
        engine.step(batches, t)
        for one, n in zip(witnesses, before, strict=True):
            assert {comparison.step for _, comparison in one.handed[n:]} <= {t}
    for one in witnesses:
        players = [player for player, _ in one.handed]
        assert {*players} == ({"discriminator", "generator"} if compares else {"discriminator"})
        assert one.projected == players.count("discriminator")


@pytest.mark.parametrize("entry", OF_SAMPLES, ids=lambda entry: entry.name)
def test_penalties_on_linear_critics_have_their_closed_forms(entry: Entry) -> None:
    if entry.name == "semi_supervised":
        pytest.skip("its logit is a log-sum-exp of classes, which is not linear")
    example = example_of(entry)
    linear = planted("discriminator", Linear)
    tables = [name for name in example.recipe.parts if name in ("discriminator", "discriminator_level")]
    regularizers: list[Callable[[], Regularizer]] = [lambda: R1(weight=2), lambda: GradientPenalty(weight=1)]
    procedure = build(example, regularizers, **dict.fromkeys(tables, linear))
    batches, found = example.batches(), dict[str, list[float]]()
    for t in range(2):  # the second is behind stages without a discriminator
        for move in procedure.step(batches, t):
            for terms in move.values():
                for name, term in terms.items():
                    found.setdefault(name, []).append(term.item())
    share = 1.0
    if entry.name == "translation":  # the gradient in the output, of a critic of inputs and outputs
        share = example.spec.size / (example.spec.size + procedure.source.size)
    elif entry.name == "pacgan":
        share = 1 / procedure.pack
    slope = SLOPE * math.sqrt(share)
    r1 = [value for name, values in found.items() if name.startswith("r1") for value in values]
    penalty = [value for name, values in found.items() if name.startswith("gradient_penalty") for value in values]
    assert len(r1) == len(penalty) >= 1
    assert r1 == pytest.approx([slope**2] * len(r1), rel=1e-4)
    assert penalty == pytest.approx([(slope - 1) ** 2] * len(penalty), rel=1e-4)


def test_two_optimizers_of_one_discriminator_pay_a_penalty_once() -> None:
    example = example_of(named("split_discriminator"))
    (move,) = build(example, [R1]).step(example.batches(), 10_000)
    assert {player: set(terms) for player, terms in move.items()} == {
        "discriminator_real": {"cross_entropy", "r1"},
        "discriminator_fake": {"cross_entropy"},
        "generator": {"cross_entropy"},
    }


class Three(Regularizer):
    """A term of 3 for the generator."""

    def generator_terms(self, comparison: Comparison) -> Terms:
        return {"three": comparison.fake.sum() * 0 + 3}


def test_several_discriminators_have_a_penalty_each_and_one_generator_pays_the_mean() -> None:
    example = example_of(named("gman"))
    procedure = build(example, [R1, Three])
    first, second = procedure.step(example.batches(), 0)
    n = len(procedure.D)
    assert n > 1
    assert set(first["discriminator"]) == {f"{name}_{i}" for name in ("adversarial", "r1") for i in range(n)}
    assert second["generator"]["three"].item() == pytest.approx(3)


def test_a_player_that_waits_pays_nothing() -> None:
    example = example_of(named("vaegan"))
    witness = Witness()
    procedure = build(example, [lambda: witness])
    procedure.waiting = lambda real, fake: {"discriminator"}  # type: ignore[method-assign]
    (move,) = procedure.step(example.batches(), 0)
    assert set(move) == {"encoder", "decoder"}
    assert [player for player, _ in witness.handed] == ["generator"] and witness.projected == 0


@pytest.mark.parametrize("regularizer", [R1, Three])
def test_token_ids_refuse_gradients_at_samples(regularizer: type[Regularizer]) -> None:
    example = example_of(named("seqgan"))
    with pytest.raises(IncompatibleError, match="needs gradients at samples, and samples are token ids"):
        build(example, [regularizer])
    build(example, [Regularizer])


@pytest.mark.parametrize("name", ["adversarial", "gman", "lapgan", "translation"])
def test_compiled_networks_refuse_second_derivatives_in_every_procedure(name: str) -> None:
    example = example_of(named(name))
    linear = dict.fromkeys(
        [table for table in example.recipe.parts if table.startswith("discriminator")], planted("discriminator", Linear)
    )
    instantiate.check_compile(build(example, [Witness], **linear))
    with pytest.raises(IncompatibleError, match="R1: compiled networks have no second derivative"):
        instantiate.check_compile(build(example, [R1], **linear))
