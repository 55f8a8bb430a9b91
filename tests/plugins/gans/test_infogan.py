"""InfoGAN: its networks, who learns from the information about the codes, its pictures, and codes that are found."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from ganzoo import Batch, IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.data.loader import Batches
from ganzoo.training.engine import Engine
from ganzoo_builtins.datasets.digits import Digits
from ganzoo_builtins.gans.infogan import Codes, InfoGAN, InfoGANDiscriminator, InfoGANGenerator
from helpers.support import PLUGINS, accelerator
from judges.infogan import assigned

MNIST, POINTS = Spec((1, 28, 28)), Spec((2,))
D, G = "discriminator", "generator"


def part(kind: str, use: str, **settings: Any) -> Blueprint:
    return Blueprint(PLUGINS.zoo.find(kind, use), settings)


def make(spec: Spec = POINTS, z_dim: int = 16, **settings: Any) -> InfoGAN:
    torch.manual_seed(0)
    generator = part(G, "mlp", z_dim=z_dim, hidden=[8, 8])
    return InfoGAN(spec, generator, part(D, "mlp", hidden=[8]), part("loss", "non_saturating"), **settings)


def endless(spec: Spec, n: int = 32) -> Iterator[Batch]:
    while True:
        yield {"x": torch.rand(n, *spec.shape) * 2 - 1}


def weights(module: nn.Module) -> list[Tensor]:
    return [p.detach().clone() for p in module.parameters()]


def moved(before: list[Tensor], module: nn.Module) -> bool:
    return any(not torch.equal(p, q) for p, q in zip(before, module.parameters(), strict=True))


def test_the_papers_networks_for_mnist() -> None:
    """By hand: the paper's layers, with all biases."""
    with torch.device("meta"):
        procedure = InfoGAN(MNIST, InfoGANGenerator, InfoGANDiscriminator, part("loss", "hinge"))  # type: ignore[arg-type]
    count = {
        name: sum(p.numel() for p in net.parameters()) for name, net in procedure.named_children() if name in "GDQ"
    }
    assert count == {"G": 6_652_481, "D": 6_558_144 + 1_025, "Q": 133_004}


def test_weights_start_as_in_the_authors_code() -> None:
    """N(0, 0.02^2), N(1, 0.02^2) below batch norm, and biases of 0; in each of the three networks."""
    torch.manual_seed(0)
    generator, discriminator = part(G, "infogan", width=16, std=0.02), part(D, "infogan", width=16, std=0.02)
    procedure = InfoGAN(MNIST, generator, discriminator, part("loss", "non_saturating"), std=0.02)
    for network in (procedure.G, procedure.D, procedure.Q):
        found: dict[bool, list[Tensor]] = {False: [], True: []}
        for module in network.modules():
            if isinstance(getattr(module, "weight", None), Tensor):
                found["BatchNorm" in type(module).__name__].append(module.weight.detach().flatten())
                assert not module.bias.any()
        for normalises, several in found.items():
            values = torch.cat(several)
            assert values.mean().item() == pytest.approx(float(normalises), abs=0.005)
            assert values.std().item() == pytest.approx(0.02, rel=0.15)


def test_noise_then_codes() -> None:
    procedure = make(z_dim=9, discrete=[3, 2], continuous=2)
    codes = Codes([torch.tensor([2, 0]), torch.tensor([1, 1])], torch.tensor([[0.5, -0.5], [0.25, 1.0]]))
    noise = torch.full((2, 9), 7.0)
    expected = [[7, 7, 0, 0, 1, 0, 1, 0.5, -0.5], [7, 7, 1, 0, 0, 0, 1, 0.25, 1]]
    assert procedure.latent(codes, noise).tolist() == expected


def test_codes_are_drawn_evenly() -> None:
    codes = make(discrete=[4], continuous=3).codes(4000)
    assert (codes.y[0].bincount(minlength=4) / 4000 - 0.25).abs().max() < 0.03
    assert codes.c.shape == (4000, 3)
    assert codes.c.abs().max() <= 1 and codes.c.mean().abs() < 0.03
    assert codes.c.square().mean().item() == pytest.approx(1 / 3, abs=0.02)


class Told(nn.Module):
    """Stands for Q: says the same of every sample."""

    def __init__(self, logits: list[float], means: list[float]):
        super().__init__()
        self.logits = torch.tensor(logits)
        self.means = torch.tensor(means)

    def forward(self, features: Tensor) -> tuple[list[Tensor], Tensor]:
        n = len(features)
        return [self.logits.expand(n, -1)], self.means.expand(n, -1)


def test_information_by_hand() -> None:
    """Q's probabilities 3/4 and 1/4; codes 0, 0, 1, 1; the continuous one is off by 0.5 and by 1."""
    procedure = make(discrete=[2], continuous=1, discrete_weight=2.0, continuous_weight=0.1)
    procedure.Q = Told([math.log(3), 0.0], [0.5])  # type: ignore[assignment]
    codes = Codes([torch.tensor([0, 0, 1, 1])], torch.tensor([[1.0], [0.0], [-0.5], [1.5]]))
    terms = procedure.information(codes, torch.zeros(4, 2))
    surprise = -(math.log(3 / 4) + math.log(1 / 4)) / 2
    assert terms["discrete"].item() == pytest.approx(2 * surprise)
    assert terms["continuous"].item() == pytest.approx(0.1 * (0.25 + 0.25 + 1 + 1) / 4 / 2)
    assert procedure.logged["L_I"].item() == pytest.approx(math.log(2) - surprise)
    assert procedure.logged["continuous_error"].item() == pytest.approx(0.625)


def test_the_information_moves_trunk_and_q_in_one_move_and_the_generator_in_the_other() -> None:
    procedure = make()
    asked = {D: [procedure.D.layers, procedure.Q], G: [procedure.G]}  # the head of D judges, and knows no code
    players = []
    for move in procedure.step(endless(POINTS), 0):
        ((player, terms),) = move.items()
        players.append(player)
        assert list(terms) == ["adversarial", "discrete", "continuous"]
        for module in asked[player]:
            wanted = list(module.parameters())
            gradients = torch.autograd.grad(terms["discrete"], wanted, retain_graph=True, allow_unused=True)
            assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
            assert any(gradient.any() for gradient in gradients if gradient is not None)
        assert not terms["discrete"].grad_fn or torch.autograd.grad(
            terms["discrete"], list(procedure.D.head.parameters()), retain_graph=True, allow_unused=True
        ) == (None, None)
        if player == D:  # fakes are made without a graph
            sum(terms.values()).backward()  # type: ignore[union-attr]
            assert all(p.grad is None for p in procedure.G.parameters())
    assert players == [D, G]


def test_regularizers_are_those_of_the_discriminator() -> None:
    """Spectral normalisation of D and not of Q; R1 in every second step, doubled, beside the terms of the codes."""
    regularizers = [part("regularizer", "spectral_norm"), part("regularizer", "r1", weight=1.0, every=2)]
    procedure = make(regularizer=regularizers)
    assert all(is_parametrized(module) for module in procedure.D.modules() if isinstance(module, nn.Linear))
    assert not any(is_parametrized(module) for module in procedure.Q.modules())
    first, second = (next(procedure.step(endless(POINTS), t))[D] for t in (0, 1))
    assert list(first) == ["adversarial", "r1", "discrete", "continuous"]
    assert list(second) == ["adversarial", "discrete", "continuous"]


def test_weights_are_clipped_after_the_move_of_the_discriminator() -> None:
    procedure = make(regularizer=[part("regularizer", "weight_clipping", limit=0.01)])
    moves = procedure.step(endless(POINTS), 0)
    next(moves)
    assert max(p.abs().max().item() for p in procedure.D.parameters()) > 0.01
    next(moves)
    assert max(p.abs().max().item() for p in procedure.D.parameters()) == pytest.approx(0.01)


def test_a_move_leaves_the_opponent_alone() -> None:
    procedure = make()
    engine = Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=0.1), accelerator())
    apply, seen = engine.apply, []

    def watched(move: Any) -> None:
        before = {name: weights(net) for name, net in procedure.named_children()}
        apply(move)
        seen.append({name for name, net in procedure.named_children() if moved(before[name], net)})

    engine.apply = watched  # type: ignore[method-assign]
    engine.step(endless(POINTS), 0)
    assert seen == [{"D", "Q"}, {"G"}]


def test_a_picture_for_each_code_in_which_nothing_else_changes_along_a_row() -> None:
    procedure = make(spec=Spec((1, 8, 8)), z_dim=20, discrete=[3, 2], continuous=2)
    given: list[Tensor] = []
    procedure.G.register_forward_pre_hook(lambda module, args: given.append(args[0]))
    panels = procedure.panels({"x": torch.zeros(1, 1, 8, 8)})
    assert {name: (len(panel.samples), panel.columns) for name, panel in panels.items()} == {
        "discrete-1": (24, 3),
        "discrete-2": (16, 2),
        "continuous-1": (30, 10),
        "continuous-2": (30, 10),
    }
    varied = {"discrete-1": [13, 14, 15], "discrete-2": [16, 17], "continuous-1": [18], "continuous-2": [19]}
    for z, (name, panel) in zip(given, panels.items(), strict=True):
        z = z.unflatten(0, (-1, panel.columns))  # (rows, columns, z_dim)
        changed = (z != z[:, :1]).flatten(0, 1).any(0).nonzero().flatten().tolist()
        assert changed == varied[name]
    assert torch.equal(given[0][:3, 13:16], torch.eye(3))
    swept = given[2].unflatten(0, (-1, 10))
    assert torch.equal(swept[0, :, 18], torch.linspace(-2, 2, 10))
    assert torch.equal(swept[:, 0, 13:16], torch.eye(3))  # a row for each value of the first code


@pytest.mark.parametrize("settings", [{"discrete": []}, {"continuous": 0}], ids=str)
def test_codes_of_one_kind_are_enough(settings: dict[str, Any]) -> None:
    procedure = make(**settings)
    engine = Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=0.1), accelerator())
    engine.step(endless(POINTS), 0)
    assert all(value == value for value in engine.read().values())
    assert all(panel.samples.isfinite().all() for panel in procedure.panels({}).values())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"z_dim": 11}, "12 columns of the noise, and the generator has z_dim = 11: set generator.z_dim to more"),
        ({"discrete": [], "continuous": 0}, r"infogan needs a code: discrete = \[10\]"),
    ],
    ids=str,
)
def test_codes_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(IncompatibleError, match=message):
        make(**changes)


def test_networks_that_want_labels_are_refused() -> None:
    spec = Spec((1, 28, 28), classes=10)
    with pytest.raises(
        IncompatibleError, match="procedure InfoGAN has no labels to give, and the discriminator needs them"
    ):
        InfoGAN(spec, part(G, "mlp"), part(D, "cgan"), part("loss", "hinge"))


def test_the_best_assignment_of_codes_to_classes() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2])
    assert assigned((labels + 1) % 3, labels, 3) == 1
    assert assigned(torch.tensor([1, 1, 0, 1, 2, 0, 0, 0]), labels, 3) == 6 / 8  # 0 -> 2, 1 -> 0, 2 -> 1
    assert assigned(torch.zeros(8, dtype=torch.long), labels, 3) == 3 / 8


@pytest.fixture(scope="module")
def on_digits() -> Callable[[float], InfoGAN]:
    def train(weight: float, steps: int = 120) -> InfoGAN:
        digits = Digits()
        torch.manual_seed(0)
        generator, discriminator = part(G, "infogan", width=16), part(D, "infogan", width=16)
        loss = part("loss", "non_saturating")
        procedure = InfoGAN(
            digits.spec, generator, discriminator, loss, discrete_weight=weight, continuous_weight=weight
        )
        rates = {D: 2e-4, G: 1e-3}
        optimizer = lambda player, owned: torch.optim.Adam(owned, lr=rates[player], betas=(0.5, 0.999))  # noqa: E731
        engine, batches = Engine(procedure, optimizer, accelerator()), Batches.of(digits, 64, 0, torch.device("cpu"))
        for t in range(steps):
            engine.step(batches, t)
        return procedure

    return train


@pytest.mark.slow
def test_the_code_is_read_back_from_digits(on_digits: Callable[[float], InfoGAN]) -> None:
    """L_I of at most ln 10 = 2.303; without the term in either loss Q knows nothing."""
    assert on_digits(1.0).logged["L_I"] >= 1.5
    assert on_digits(0.0).logged["L_I"] < 0.2
