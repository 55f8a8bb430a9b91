"""The semi-supervised procedure: its losses, its labels, and whether unlabelled samples help."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganzoo import Fakes, IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.data.loader import normalised
from ganzoo.training.engine import Engine
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.procedures.semi_supervised import Classifier, LabelledExamples, SemiSupervised
from helpers.support import PLUGINS, accelerator

SPEC = Spec((2,), classes=3)
N = 12


def part(kind: str, use: str, **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, use), settings)


def make(spec: Spec = SPEC, regularizer: list[Blueprint] | None = None, **settings: Any) -> Any:
    torch.manual_seed(0)
    networks = part("generator", "mlp", z_dim=4, hidden=[8, 8]), part("discriminator", "mlp", hidden=[8])
    return SemiSupervised(spec, *networks, part("loss", "non_saturating", d_weight=0.5), regularizer, **settings)


def matching(**settings: Any) -> Any:
    return make(regularizer=[part("regularizer", "feature_matching")], g_weight=0, **settings)


def data(x: Tensor | None = None, y: Tensor | None = None) -> Any:
    """Batches of noise about three centres, or of what is given."""
    noise = torch.Generator().manual_seed(0)
    if x is None:
        y = torch.randint(3, (40 * N,), generator=noise)
        x = torch.randn(40 * N, 2, generator=noise) / 4 + torch.tensor([[0.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])[y]
    while True:
        assert y is not None
        chosen = torch.randint(len(y), (N,), generator=noise)
        yield {"x": x[chosen], "y": y[chosen]}


def test_golden_numbers_of_both_losses() -> None:
    """l = (1, 0, -1) with y = 0; unlabelled l = (.5, .2, -.3) and fake l = (0, -.5, -1)."""
    spec = Spec((3,), classes=3)
    procedure = make(spec, per_class=1)
    procedure.D.features = lambda x, y=None: x
    procedure.D.head = nn.Identity()
    real, fake = torch.tensor([[0.5, 0.2, -0.3]]), torch.tensor([[0.0, -0.5, -1.0]])
    procedure.labelled.take(torch.tensor([[1.0, 0.0, -1.0]]), torch.tensor([0]))
    unlabelled = procedure.loss.discriminator(procedure.D(real), procedure.D(fake))
    terms = procedure.discriminator_terms(unlabelled, {"x": real}, Fakes(fake, None, fake), 0)
    assert terms["labelled"].item() == pytest.approx(0.407606, abs=1e-6)
    assert terms["adversarial"].item() == pytest.approx(0.667255, abs=1e-6)


def test_real_is_z_over_z_plus_one() -> None:
    procedure = make()
    x = torch.randn(5, 2)
    Z = procedure.classify(x).exp().sum(1)
    torch.testing.assert_close(procedure.D(x).sigmoid(), Z / (Z + 1))


def test_who_learns_from_what() -> None:
    moves = list(matching().step(data(), 0))
    assert [{player: set(terms) for player, terms in move.items()} for move in moves] == [
        {"discriminator": {"labelled", "adversarial"}},
        {"generator": {"feature_matching"}},
    ]
    (_, odena) = list(make().step(data(), 0))
    assert set(odena["generator"]) == {"adversarial"}


def test_the_last_layer_that_is_not_needed_is_frozen() -> None:
    procedure = make()
    frozen = {name for name, parameter in procedure.D.named_parameters() if not parameter.requires_grad}
    assert frozen == {"network.head.weight", "network.head.bias"}
    assert procedure.D.head.weight.shape == (3, 8)


def test_labelled_examples_are_the_first_of_each_class_and_as_many() -> None:
    labelled = LabelledExamples(SPEC, per_class=2)
    x, y = torch.arange(8.0)[:, None].expand(8, 2), torch.tensor([0, 0, 1, 0, 0, 1, 1, 2])
    labelled.take(x[:3], y[:3])
    labelled.take(x[3:], y[3:])
    assert labelled.taken.tolist() == [2, 2, 1]
    assert labelled.x[..., 0].tolist() == [[0, 1], [2, 5], [7, 0]]
    drawn, named = labelled.draw(500)
    assert {(label, value) for label, value in zip(named.tolist(), drawn[:, 0].tolist(), strict=True)} == {
        (0, 0), (0, 1), (1, 2), (1, 5), (2, 7),
    }  # fmt: skip
    assert named.bincount().min() > 60  # five examples, each with the same chance
    labelled.take(torch.full((4, 2), 9.0), torch.tensor([2, 2, 0, 1]))
    assert labelled.taken.tolist() == [2, 2, 2] and labelled.x[2, 1, 0] == 9
    assert labelled.x[0].max() < 9  # there were enough


def test_no_other_label_is_looked_at() -> None:
    """Once the labelled examples are there, wrong labels on all the others change nothing."""
    results = []
    for wrong in (0, 1):
        procedure = matching(per_class=2)
        engine = Engine(procedure, lambda player, owned: torch.optim.Adam(owned, lr=1e-2), accelerator())
        batches = data()
        torch.manual_seed(1)
        for t in range(6):
            if t == 3:
                assert (procedure.labelled.taken == 2).all()
                batches = ({**batch, "y": (batch["y"] + wrong) % 3} for batch in data())
            engine.step(batches, t)
        results.append(procedure.state_dict())
    assert all(torch.equal(tensor, results[1][name]) for name, tensor in results[0].items())


def test_labelled_examples_are_state() -> None:
    procedure, other = make(per_class=2), make(per_class=2)
    next(procedure.step(data(), 0))
    other.load_state_dict(procedure.state_dict())
    assert other.labelled.taken.sum() == procedure.labelled.taken.sum() > 3
    assert torch.equal(other.labelled.x, procedure.labelled.x)


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IncompatibleError, match="the data has no labels"):
        make(Spec((2,)))
    with pytest.raises(IncompatibleError, match="needs them as input"):
        Classifier(part("discriminator", "cgan")(SPEC), SPEC)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 4)
    with pytest.raises(
        IncompatibleError, match=r"10 labelled examples cannot be shared among 4 .*: set procedure\.per_class=8"
    ):
        LabelledExamples(SPEC, 10)
    assert LabelledExamples(SPEC, 8).share == 2


def test_it_mixes_with_other_parts() -> None:
    parts = [part("regularizer", name) for name in ("minibatch_discrimination", "spectral_norm", "feature_matching")]
    procedure = make(regularizer=parts)
    Engine(procedure, lambda player, owned: torch.optim.Adam(owned), accelerator()).step(data(), 0)
    assert procedure.classify(torch.randn(5, 2)).shape == (5, 3)
    r1 = make(regularizer=[part("regularizer", "r1")])
    assert set(next(r1.step(data(), 0))["discriminator"]) == {"labelled", "adversarial", "r1"}


@pytest.mark.slow
def test_unlabelled_digits_help() -> None:
    """50 labels, 1,200 digits without, 597 held out: more of these are read right than after the labels alone."""
    whole = normalised(Digits().tensors())
    order = torch.randperm(len(whole["y"]), generator=torch.Generator().manual_seed(0))
    x, y = whole["x"][order], whole["y"][order]
    settings = {"hidden": [250, 250, 250], "noise": 0.15, "hidden_noise": 0.25}
    discriminator = part("discriminator", "improved_gan", **settings)
    generator = part("generator", "improved_gan", z_dim=50, hidden=[128, 128])
    loss, spec = part("loss", "non_saturating", d_weight=0.5), Spec((1, 8, 8), classes=10)
    torch.manual_seed(0)
    regularizers = [part("regularizer", "feature_matching")]
    procedure: Any = SemiSupervised(spec, generator, discriminator, loss, regularizers, per_class=5, g_weight=0)
    alone = copy.deepcopy(procedure.D)

    def adam(player: str, owned: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(owned, lr=3e-3, betas=(0.5, 0.999))

    engine = Engine(procedure, adam, accelerator())
    batches = ({"x": x[chosen], "y": y[chosen]} for _ in range(30) for chosen in torch.randperm(1200).split(100))
    for t in range(300):
        engine.step(batches, t)
    optimizer = adam("", [parameter for parameter in alone.parameters() if parameter.requires_grad])
    for _ in range(300):
        examples, named = procedure.labelled.draw(100)
        optimizer.zero_grad()
        cross_entropy(alone.classify(examples), named).backward()
        optimizer.step()

    def right(classifier: Classifier) -> float:
        with torch.no_grad():
            return (classifier.eval().classify(x[1200:]).argmax(1) == y[1200:]).float().mean().item()

    assert right(procedure.D) > 0.86
    assert right(procedure.D) > right(alone) + 0.02
