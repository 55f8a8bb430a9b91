"""AC-GAN and ReACGAN: the losses of the second head, who learns from them, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganzoo import Batch, IncompatibleError, Spec
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.acgan import ACGAN
from ganzoo_builtins.gans.compact import CompactDiscriminator, CompactGenerator
from ganzoo_builtins.gans.reacgan import ReACGAN, data_to_data_cross_entropy
from ganzoo_builtins.losses.non_saturating import NonSaturating
from helpers.support import accelerator

SPEC = Spec((1, 16, 16), classes=3)
PROCEDURES = [ACGAN, ReACGAN]


def generator(spec: Spec) -> CompactGenerator:
    return CompactGenerator(spec, z_dim=4, width=2, condition="batch_norm")


def discriminator(spec: Spec) -> CompactDiscriminator:
    return CompactDiscriminator(spec, width=2, hidden=5)


def build(procedure: Any = ACGAN, spec: Spec = SPEC, **settings: Any) -> Any:
    torch.manual_seed(0)
    blueprints = {"generator": generator, "discriminator": discriminator, "loss": NonSaturating, **settings}
    return procedure(spec, **blueprints)


def batches() -> Iterator[Batch]:
    torch.manual_seed(1)
    return repeat({"x": torch.rand(6, 1, 16, 16) * 2 - 1, "y": torch.tensor([0, 1, 2, 0, 1, 2])})


def test_the_class_loss_is_the_cross_entropy_of_both_sources() -> None:
    procedure = build()
    head = procedure.D.class_head
    head.weight.data = torch.eye(3, 5)
    nn.init.zeros_(head.bias)
    real, fake = torch.tensor([[2.0, 0, 0], [0, 1, 0]]), torch.tensor([[0.0, 0, 1], [1, 1, 0]])
    pad = torch.zeros(2, 2)
    class_real = procedure.class_loss(torch.cat([real, pad], 1), torch.tensor([0, 1])).item()
    class_fake = procedure.class_loss(torch.cat([fake, pad], 1), torch.tensor([2, 0])).item()
    assert (class_real, class_fake) == (pytest.approx(0.3955, abs=1e-4), pytest.approx(0.7067, abs=1e-4))


@pytest.mark.parametrize(("classify", "both"), [("both", 1), ("real", 0)])
def test_the_discriminator_learns_the_classes_of_both_sources_or_of_real_samples(classify: str, both: int) -> None:
    procedure = build(classify=classify, d_class_weight=0.5)
    moves = procedure.step(batches(), 0)
    terms = next(moves)["discriminator"]
    logged = procedure.logged
    expected = 0.5 * (logged["class_real"] + both * logged["class_fake"])
    assert torch.allclose(terms["class"], expected)
    assert set(terms) == {"adversarial", "class"}


def test_the_generator_learns_that_its_fakes_are_classified_as_asked() -> None:
    procedure = build(g_class_weight=2.0)
    fakes = procedure.fakes(next(batches()))
    terms = next(procedure.generator_move(next(batches()), fakes, 0))["generator"]
    logits = procedure.D.class_head(procedure.D.features(fakes.x))
    assert torch.allclose(terms["class"], 2 * cross_entropy(logits, fakes.y))
    assert torch.allclose(terms["adversarial"], nn.functional.softplus(-procedure.D(fakes.x)).mean())


@pytest.mark.parametrize("procedure_class", PROCEDURES)
def test_one_player_moves_at_a_time_and_the_head_with_the_discriminator(procedure_class: Any) -> None:
    procedure = build(procedure_class)
    engine = Engine(procedure, lambda _, parameters: torch.optim.SGD(parameters, lr=0.1), accelerator())
    states = []
    original = procedure.step

    def watched(data: Iterator[Batch], t: int) -> Iterator[Any]:
        for move in original(data, t):
            states.append(snapshot(procedure))
            yield move
        states.append(snapshot(procedure))

    procedure.step = watched
    engine.step(batches(), 0)
    start, between, end = states
    assert moved(start, between) == {"D", "head"}
    assert moved(between, end) == {"G"}


def snapshot(procedure: Any) -> dict[str, list[Tensor]]:
    head = [p.detach().clone() for name, p in procedure.D.named_parameters() if name.startswith("class_")]
    body = [p.detach().clone() for name, p in procedure.D.named_parameters() if not name.startswith("class_")]
    return {"D": body, "head": head, "G": [p.detach().clone() for p in procedure.G.parameters()]}


def moved(before: dict[str, list[Tensor]], after: dict[str, list[Tensor]]) -> set[str]:
    return {
        name
        for name, tensors in before.items()
        if not all(torch.equal(a, b) for a, b in zip(tensors, after[name], strict=True))
    }


def test_data_to_data_cross_entropy() -> None:
    f = torch.tensor([[1.0, 0], [0.6, 0.8], [0, 1], [-1, 0]], dtype=torch.float64)
    y = torch.tensor([0, 0, 1, 1])
    loss = data_to_data_cross_entropy(f, torch.eye(2, dtype=torch.float64)[y], y, 0.98, 0.02, 0.5)
    assert loss.item() == pytest.approx(2.0799, abs=5e-5)


def test_easy_samples_cause_no_loss_and_no_gradient() -> None:
    """A sample at its vector, at a right angle to those of other classes, is easy on both sides."""
    f = torch.eye(2, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0, 1])
    loss = data_to_data_cross_entropy(f, torch.eye(2, dtype=torch.float64), y, 0.98, 0.02, 0.5)
    loss.backward()
    assert loss.item() == pytest.approx(torch.tensor(2.0).log().item())  # of two equal exponents
    assert f.grad is not None
    assert not f.grad.any()


def test_a_batch_of_one_class_has_no_negatives() -> None:
    f = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert data_to_data_cross_entropy(f, f, torch.tensor([1, 1]), 0.98, 0.02, 0.5).item() == 0


def test_embeddings_and_class_vectors_have_length_one() -> None:
    procedure = build(ReACGAN, width=4)
    features, y = torch.randn(6, 5), torch.arange(6) % 3
    before = procedure.class_loss(features, y)
    with torch.no_grad():
        procedure.D.class_head.weight.mul_(3)
        procedure.D.class_head.bias.mul_(3)
        procedure.D.class_vectors.weight.mul_(7)
    assert torch.allclose(procedure.class_loss(features, y), before, atol=1e-6)


@pytest.mark.parametrize("procedure_class", PROCEDURES)
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"spec": Spec((1, 16, 16))}, "predicts labels, and the data has none: use labelled data"),
        (
            {"generator": lambda spec: CompactGenerator(spec, 4, 2)},
            r'needs a generator that takes labels, .*generator\.condition="batch_norm"',
        ),
        (
            {"discriminator": lambda spec: CompactDiscriminator(spec, 2, 5, condition="projection")},
            r'has the discriminator predict labels, .*discriminator\.condition="none"',
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_the_remedy(
    procedure_class: Any, settings: dict[str, Any], message: str
) -> None:
    if "spec" in settings:
        settings = {**settings, "generator": lambda spec: CompactGenerator(spec, 4, 2)}
    with pytest.raises(IncompatibleError, match=message):
        build(procedure_class, **settings)
