"""The loss-sensitive GAN: its margins by hand, who moves on which fakes, and a loss that real samples have less of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Batch, Discriminator, IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.loss_sensitive import LossSensitive
from helpers.support import PLUGINS, accelerator

D, G = "discriminator", "generator"
POINTS = Spec((2,))


def part(kind: str, use: str, **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, use), settings)


def make(hidden: int = 8, **settings: Any) -> LossSensitive:
    torch.manual_seed(0)
    generator = part(G, "mlp", z_dim=8, hidden=[hidden, hidden], norm="none")
    return LossSensitive(POINTS, generator, part(D, "mlp", hidden=[hidden, hidden]), **settings)


class First(Discriminator):
    """The first number of a sample is its logit; patches: four of them."""

    def __init__(self, patches: bool = False):
        super().__init__()
        self.patches = patches

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return x[:, 0, None, None, None].expand(-1, 1, 2, 2) if self.patches else x[:, 0]


# Logits 1 and -0.5 of real samples, 0.3 and -1.2 of fakes; the distances of the pairs are 0.7 + 2.3 and 0.7 + 0.
REAL = torch.tensor([[1.0, 2.0], [-0.5, 0.0]], dtype=torch.float64)
FAKE = torch.tensor([[0.3, -0.3], [-1.2, 0.0]], dtype=torch.float64)


@pytest.mark.parametrize("patches", [False, True])
@pytest.mark.parametrize(
    ("settings", "margin", "kept"),
    [
        ({"margin": 1.0}, (3.0 - 0.7 + 0.7 - 0.7) / 2, 0.5),  # L(x) - L(G) = f - r = -0.7 for both pairs
        ({"margin": 0.5}, (1.5 - 0.7 + 0) / 2, 0.5),  # the second pair is 0.35 beyond its margin
        ({"margin": 0.5, "slope": 0.2}, (0.8 - 0.2 * 0.35) / 2, 0.5),
        ({"margin": 0.0}, 0.0, 1.0),
        ({"margin": 0.0, "slope": 1.0}, -0.7, 1.0),  # the loss of WGAN
    ],
    ids=str,
)
def test_margins_by_hand(settings: dict[str, Any], margin: float, kept: float, patches: bool) -> None:
    procedure = make(**settings)
    procedure.D = First(patches)
    terms = procedure.pairs(REAL, FAKE, procedure.L(REAL), procedure.L(FAKE))
    assert {name: term.item() for name, term in terms.items()} == {"margin": pytest.approx(margin)}
    assert procedure.logged["kept"].mean().item() == kept


def test_gamma_weighs_the_loss_of_real_samples() -> None:
    procedure = make(margin=1.0, gamma=0.5)
    procedure.D = First()
    terms = procedure.pairs(REAL, FAKE, procedure.L(REAL), procedure.L(FAKE))
    assert terms["real"].item() == pytest.approx(-0.5 * (1.0 - 0.5) / 2)
    assert set(terms) == {"margin", "real"}


class Seen(First):
    """Remembers what it was shown, and has a weight to move."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.shown: list[Tensor] = []

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        self.shown.append(x)
        return self.scale * x[:, 0]


def endless() -> Iterator[Batch]:
    while True:
        yield {"x": torch.randn(6, 2)}


def test_the_generator_moves_on_the_same_fakes_and_by_the_loss_as_it_is_then() -> None:
    procedure = make()
    seen = Seen()
    procedure.D = seen
    moves = procedure.step(endless(), 0)
    first = next(moves)
    assert list(first) == [D]
    assert not seen.shown[1].requires_grad
    with torch.no_grad():
        seen.scale.fill_(3.0)
    second = next(moves)
    assert torch.equal(seen.shown[2], seen.shown[1]) and seen.shown[2].requires_grad
    assert second[G]["loss"].item() == pytest.approx(-3 * seen.shown[2][:, 0].mean().item())
    assert next(moves, None) is None


def test_regularizers_join_the_loss_and_project_the_weights() -> None:
    clipping = part("regularizer", "weight_clipping", limit=0.01)
    procedure = make(regularizer=[part("regularizer", "gradient_penalty", weight=2.0), clipping])
    moves = procedure.step(endless(), 0)
    terms = next(moves)[D]
    assert list(terms) == ["margin", "gradient_penalty"]
    assert terms["gradient_penalty"].item() > 0
    assert max(weight.abs().max().item() for weight in procedure.D.parameters()) > 0.01
    assert list(next(moves)[G]) == ["loss"]
    assert max(weight.abs().max().item() for weight in procedure.D.parameters()) <= 0.01


def test_spectral_normalisation_bounds_the_learned_loss() -> None:
    procedure = make(regularizer=[part("regularizer", "spectral_norm")])
    x = torch.randn(50, 2)
    steepness = (procedure.L(x[1:]) - procedure.L(x[:-1])).abs() / (x[1:] - x[:-1]).norm(dim=1)
    assert steepness.max().item() <= 1.05


def test_a_move_leaves_the_opponent_alone() -> None:
    procedure = make()
    engine = Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=0.1), accelerator())
    apply, seen = engine.apply, []

    def watched(move: Any) -> None:
        before = {name: [p.detach().clone() for p in net.parameters()] for name, net in procedure.named_children()}
        apply(move)
        changed = {
            name
            for name, net in procedure.named_children()
            if any(not torch.equal(p, q) for p, q in zip(before[name], net.parameters(), strict=True))
        }
        seen.append(changed)

    engine.apply = watched  # type: ignore[method-assign]
    engine.step(endless(), 0)
    assert seen == [{"D"}, {"G"}]


def test_networks_that_want_labels_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="procedure LossSensitive has no labels to give"):
        LossSensitive(Spec((1, 28, 28), classes=10), part(G, "cgan"), part(D, "cgan"))
