"""The procedures of two players: who moves when, on which fakes, under which labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import (
    Batch,
    Comparison,
    Discriminator,
    Generator,
    IncompatibleError,
    Loss,
    Move,
    Regularizer,
    Spec,
    Terms,
    TwoPlayerProcedure,
)
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.wgan import WGAN
from ganzoo_builtins.losses.non_saturating import NonSaturating
from ganzoo_builtins.losses.wasserstein import Wasserstein
from ganzoo_builtins.procedures.adversarial import Adversarial
from ganzoo_builtins.procedures.adversarial_0_1 import Adversarial01
from ganzoo_builtins.procedures.generator_first import GeneratorFirst
from ganzoo_builtins.procedures.larger_generator_batch import LargerGeneratorBatch
from ganzoo_builtins.procedures.replay import Replay
from ganzoo_builtins.procedures.shared_fakes import SharedFakes
from ganzoo_builtins.procedures.simultaneous import Simultaneous
from ganzoo_builtins.regularizers.feature_matching import FeatureMatching
from ganzoo_builtins.regularizers.gradient_penalty import GradientPenalty
from ganzoo_builtins.regularizers.r1 import R1
from ganzoo_builtins.regularizers.weight_clipping import WeightClipping
from helpers.support import accelerator

N, CLASSES = 6, 4
D, G = "discriminator", "generator"
OLD = "adversarial-0.1"


class Maker(Generator):
    """A linear generator that remembers its noise and the labels it was asked for."""

    z_dim = 3

    def __init__(self, spec: Spec):
        super().__init__()
        self.layer = nn.Linear(3, spec.size)
        self.noise: list[Tensor] = []
        self.asked: list[Tensor | None] = []

    def prior(self, n: int) -> Tensor:
        self.noise.append(super().prior(n))
        return self.noise[-1]

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        self.asked.append(y)
        return self.layer(z)


class Judge(Discriminator):
    """A small discriminator that remembers what it was shown, and under which labels."""

    def __init__(self, spec: Spec):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(spec.size, 4), nn.Tanh(), nn.Linear(4, 1), nn.Flatten(0))
        self.shown: list[Tensor] = []
        self.told: list[Tensor | None] = []

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers[:2](x)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        self.shown.append(x.detach().clone())
        self.told.append(y)
        return self.layers(x)


class ConditionalMaker(Maker):
    conditional = True


class ConditionalJudge(Judge):
    conditional = True


class Relativistic(Loss):
    """A fake should be judged more real than a real sample (arXiv:1807.00734)."""

    uses_real = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return nn.functional.softplus(fake - real).mean()

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        assert real is not None
        return nn.functional.softplus(real - fake).mean()


class Looking(Regularizer):
    """A term of 2 that remembers what it was given."""

    def __init__(self, every: int = 1):
        self.every = every
        self.given: list[tuple[Tensor, Tensor]] = []

    def terms(self, comparison: Comparison) -> Terms:
        self.given.append((comparison.real, comparison.fake))
        self.judged = comparison.critic(comparison.fake)
        return {"looking": torch.tensor(2.0)}


class Counted(Iterator[Batch]):
    """Endless batches, counted; every one has values and labels of its own."""

    def __init__(self) -> None:
        self.drawn: list[Batch] = []

    def __next__(self) -> Batch:
        noise = torch.Generator().manual_seed(len(self.drawn))
        x, y = torch.randn(N, 2, generator=noise), torch.randint(CLASSES, (N,), generator=noise)
        self.drawn.append({"x": x, "y": y})
        return self.drawn[-1]


PROCEDURES: dict[str, type[TwoPlayerProcedure]] = {
    "adversarial": Adversarial,
    "adversarial-0.1": Adversarial01,
    "simultaneous": Simultaneous,
    "shared_fakes": SharedFakes,
    "generator_first": GeneratorFirst,
    "larger_generator_batch": LargerGeneratorBatch,
    "replay": Replay,
    "wgan": WGAN,
}


def make(
    use: str = "adversarial",
    conditional: bool = False,
    loss: type[Loss] = NonSaturating,
    regularizer: Sequence[Regularizer] = (),
    **settings: Any,
) -> Any:
    """Build a procedure of spies, with the same weights every time."""
    torch.manual_seed(0)
    networks: tuple[Any, Any] = (ConditionalMaker, ConditionalJudge) if conditional else (Maker, Judge)
    parts: Any = [(lambda one=one: one) for one in regularizer]
    spec = Spec((2,), classes=CLASSES if conditional else 0)
    return PROCEDURES[use](spec, *networks, loss, parts, **settings)


def move_at_random(procedure: Any, move: Move) -> None:
    """Stands for the engine: the named players get other weights."""
    for player in move:
        for module in procedure.players()[player]:
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.add_(torch.randn_like(parameter))


def play(procedure: Any, t: int = 0, data: Iterator[Batch] | None = None) -> list[list[str]]:
    """The players of each move of step t, in order."""
    order = []
    for move in procedure.step(data or Counted(), t):
        order.append(list(move))
        move_at_random(procedure, move)
    return order


def engine_for(procedure: Any, lr: float = 0.1) -> Engine:
    return Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=lr), accelerator())


def weights(module: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]


def equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(torch.equal(p, q) for p, q in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("settings", "order"),
    [
        ({}, [[D], [G]]),
        ({"d_steps": 3}, [[D], [D], [D], [G]]),
        ({"g_steps": 2}, [[D], [G], [G]]),
        ({"use": "generator_first", "d_steps": 2}, [[G], [D], [D]]),
        ({"use": "shared_fakes", "d_steps": 2, "g_steps": 2}, [[D], [D], [G], [G]]),
        ({"use": "simultaneous"}, [[D, G]]),
    ],
    ids=str,
)
def test_moves_come_in_order_and_draw_as_many_batches_as_announced(
    settings: dict[str, Any], order: list[list[str]]
) -> None:
    procedure, data = make(**settings), Counted()
    assert play(procedure, data=data) == order
    assert len(data.drawn) == procedure.batches_per_step == settings.get("d_steps", 1)


@pytest.mark.parametrize(
    "settings", [{}, {"d_steps": 2}, {"first": G}, {"fakes": "shared"}, {"updates": "simultaneous"}], ids=str
)
def test_the_discriminator_makes_the_first_steps_alone(settings: dict[str, Any]) -> None:
    procedure, usual, data = make(OLD, d_pretrain=3, **settings), make(OLD, **settings), Counted()
    for t in range(3):
        assert play(procedure, t, data) == [[D]] * procedure.d_steps
    assert len(data.drawn) == 3 * procedure.batches_per_step
    assert play(procedure, 3, data) == play(usual)


def test_probabilities_are_shown_instead_of_logits() -> None:
    logits, probabilities = (make(show=show, use="shared_fakes") for show in ("logits", "probabilities"))
    for procedure in (logits, probabilities):
        torch.manual_seed(1)
        next(procedure.step(Counted(), 0))
    for name in ("real", "fake"):
        assert torch.equal(probabilities.logged[name], logits.logged[name].sigmoid())
        assert not probabilities.logged[name].requires_grad


def test_each_discriminator_move_has_a_batch_of_its_own() -> None:
    procedure, data = make(d_steps=3), Counted()
    play(procedure, data=data)
    assert equal(procedure.D.shown[0:6:2], [batch["x"] for batch in data.drawn])  # real, fake, real, fake, ...


def test_fresh_fakes_have_new_noise_for_every_move() -> None:
    procedure = make(d_steps=2, g_steps=2)
    play(procedure)
    assert len(procedure.G.noise) == 4
    assert len({tuple(z.flatten().tolist()) for z in procedure.G.noise}) == 4


def test_shared_fakes_have_one_noise_for_all_moves() -> None:
    procedure = make(d_steps=2, g_steps=2, use="shared_fakes")
    play(procedure)
    assert len(procedure.G.noise) == 1


def test_shared_fakes_are_the_same_for_both_players() -> None:
    procedure = make(use="shared_fakes")
    play(procedure)
    _, for_discriminator, for_generator = procedure.D.shown
    assert torch.equal(for_discriminator, for_generator)


def test_the_generators_second_move_starts_from_the_same_noise_with_the_new_weights() -> None:
    procedure = make(g_steps=2, use="shared_fakes")
    shown = procedure.D.shown
    for move in procedure.step(Counted(), 0):
        expected = procedure.G.layer(procedure.G.noise[0])
        assert torch.equal(shown[-1], expected)  # what was judged last came from the weights as they are now
        move_at_random(procedure, move)
    assert not torch.equal(shown[-1], shown[-2])


def test_generator_first_shows_the_discriminator_what_was_made_before_the_move() -> None:
    procedure = make(use="shared_fakes", first=G)
    moves = procedure.step(Counted(), 0)
    move_at_random(procedure, next(moves))
    next(moves)
    for_generator, _, for_discriminator = procedure.D.shown
    assert torch.equal(for_discriminator, for_generator)
    assert not torch.equal(for_discriminator, procedure.G.layer(procedure.G.noise[0]))


def test_generator_first_with_fresh_fakes_shows_what_it_makes_now() -> None:
    procedure = make("generator_first")
    moves = procedure.step(Counted(), 0)
    move_at_random(procedure, next(moves))
    next(moves)
    assert torch.equal(procedure.D.shown[-1], procedure.G.layer(procedure.G.noise[1]))


def test_simultaneous_updates_judge_the_fakes_once() -> None:
    procedure = make(use="simultaneous")
    play(procedure)
    assert len(procedure.D.shown) == 2  # the real samples and the fakes
    assert len(procedure.G.noise) == 1


def test_simultaneous_equals_generator_first_on_shared_fakes() -> None:
    together, in_turn = make(use="simultaneous"), make(use="shared_fakes", first=G)
    for procedure in (together, in_turn):
        engine, data = engine_for(procedure), Counted()
        torch.manual_seed(1)
        for t in range(5):
            engine.step(data, t)
    assert equal(weights(together), weights(in_turn))
    assert not equal(weights(together), weights(make()))


@pytest.mark.parametrize(
    "settings", [{}, {"use": "shared_fakes", "g_steps": 2, "d_steps": 2}, {"use": "generator_first"}], ids=str
)
def test_a_move_leaves_every_weight_of_the_opponent_alone(settings: dict[str, Any]) -> None:
    procedure = make(loss=Relativistic, regularizer=[GradientPenalty()], **settings)
    networks, engine = {D: procedure.D, G: procedure.G}, engine_for(procedure)
    apply, seen = engine.apply, []

    def watched(move: Move) -> None:
        before = {name: weights(network) for name, network in networks.items()}
        apply(move)
        seen.append({name for name, network in networks.items() if not equal(weights(network), before[name])})

    engine.apply = watched  # type: ignore[method-assign]
    engine.step(Counted(), 0)
    assert seen == [set(players) for players in play(make(**settings))]


def test_the_discriminators_loss_reaches_no_weight_of_the_generator() -> None:
    procedure = make(use="shared_fakes")
    move = next(procedure.step(Counted(), 0))
    sum(move[D].values()).backward()  # type: ignore[union-attr]
    assert all(parameter.grad is None for parameter in procedure.G.parameters())
    assert all(parameter.grad is not None for parameter in procedure.D.parameters())


def test_terms_are_those_of_the_loss() -> None:
    procedure, data = make(use="shared_fakes"), Counted()
    terms = {player: term for move in procedure.step(data, 0) for player, term in move.items()}
    real, fake = procedure.D.layers(data.drawn[0]["x"]), procedure.D.layers(procedure.G.layer(procedure.G.noise[0]))
    assert torch.equal(terms[D]["adversarial"], NonSaturating().discriminator(real, fake))
    assert torch.equal(terms[G]["adversarial"], NonSaturating().generator(None, fake))
    assert torch.equal(procedure.logged["real"], real)
    assert torch.equal(procedure.logged["fake"], fake)


def test_a_loss_that_uses_real_logits_gets_them_in_the_generators_move() -> None:
    procedure, data = make(loss=Relativistic, use="shared_fakes"), Counted()
    (_, of_generator) = list(procedure.step(data, 0))
    real, fake = procedure.D.layers(data.drawn[0]["x"]), procedure.D.layers(procedure.G.layer(procedure.G.noise[0]))
    assert torch.equal(of_generator[G]["adversarial"], Relativistic().generator(real, fake))
    assert len(procedure.D.shown) == 4  # real and fake in either move


def test_any_other_loss_spares_that_pass() -> None:
    procedure = make()
    play(procedure)
    assert len(procedure.D.shown) == 3


def test_a_lazy_regularizer_is_scaled_and_only_there_on_its_steps() -> None:
    procedure = make(regularizer=[Looking(every=4)])
    results = {}
    for t in range(9):
        (move, _) = list(procedure.step(Counted(), t))
        results[t] = move[D]["looking"].item() if "looking" in move[D] else None
    assert results == {t: 8.0 if t % 4 == 0 else None for t in range(9)}


@pytest.mark.parametrize("settings", [{}, {"use": "shared_fakes", "d_steps": 2}, {"use": "simultaneous"}], ids=str)
def test_a_regularizer_gets_as_many_fakes_as_real_samples_and_no_graph(settings: dict[str, Any]) -> None:
    looking = Looking()
    play(make(regularizer=[looking], **settings))
    assert len(looking.given) == settings.get("d_steps", 1)
    for real, fake in looking.given:
        assert real.shape == fake.shape == (N, 2)
        assert not fake.requires_grad


def test_several_regularizers_add_their_terms() -> None:
    (move, _) = list(make(regularizer=[R1(), GradientPenalty(), WeightClipping()]).step(Counted(), 0))
    assert list(move[D]) == ["adversarial", "r1", "gradient_penalty"]


@pytest.mark.parametrize("settings", [{}, {"use": "simultaneous"}], ids=str)
def test_no_term_of_equal_regularizers_is_lost(settings: dict[str, Any]) -> None:
    """Two regularizers of one class, the second lazy: its term keeps its name whether or not the first has one."""
    procedures = [make(regularizer=[R1(weight=2.0, every=3), R1(weight=4.0)], **settings) for _ in range(2)]
    terms = [next(procedure.step(Counted(), t))[D] for t, procedure in enumerate(procedures)]
    assert [list(results) for results in terms] == [["adversarial", "r1", "r1_2"], ["adversarial", "r1_2"]]
    assert torch.isclose(3 * terms[0]["r1_2"], 2 * terms[0]["r1"])  # weights 4 and 3 * 2


def test_terms_of_one_name_add_up() -> None:
    class Adversarially(Regularizer):
        def terms(self, comparison: Comparison) -> Terms:
            return {"adversarial": torch.tensor(5.0), "looking": torch.tensor(1.0)}

    (plain, _) = list(make().step(Counted(), 0))
    (move, _) = list(make(regularizer=[Looking(), Adversarially()]).step(Counted(), 0))
    assert torch.isclose(move[D]["adversarial"], plain[D]["adversarial"] + 5)
    assert move[D]["looking"] == 3


@pytest.mark.parametrize("settings", [{"d_steps": 3}, {"use": "simultaneous"}, {"use": "generator_first"}], ids=str)
def test_weights_are_clipped_after_each_move_of_the_discriminator(settings: dict[str, Any]) -> None:
    procedure = make(regularizer=[WeightClipping(limit=0.02)], **settings)
    largest = []
    before = procedure.project

    def watched() -> None:
        largest.append(max(p.abs().max().item() for p in procedure.D.parameters()))
        before()
        assert all(p.abs().max() <= 0.02 for p in procedure.D.parameters())

    procedure.project = watched
    engine_for(procedure, lr=1.0).step(Counted(), 0)
    assert len(largest) == settings.get("d_steps", 1)
    assert min(largest) > 0.02  # there was something to clip
    assert max(p.abs().max().item() for p in procedure.D.parameters()) <= 0.02
    assert max(p.abs().max().item() for p in procedure.G.parameters()) > 0.02


def test_wgans_critic_has_100_moves_in_the_first_25_steps_and_in_every_500th() -> None:
    """As the authors' code counts: 100 for g = 0..24, 500, 1000, ...; 5 for all others."""
    procedure, counted = make("wgan"), {}
    for t in (0, 1, 24, 25, 26, 499, 500, 501, 999, 1000):
        data = Counted()
        order = play(procedure, t, data)
        assert order == [[D]] * len(data.drawn) + [[G]]
        counted[t] = len(data.drawn)
    often = {0, 1, 24, 500, 1000}
    assert counted == {t: 100 if t in often else 5 for t in counted}
    assert procedure.batches_per_step == 5


def test_a_burst_is_none_by_default_and_has_settings() -> None:
    assert len(play(make(d_steps=2))) == 3
    procedure = make("wgan", d_steps=1, d_burst=4, burst_first=1, burst_every=3)
    assert [len(play(procedure, t)) - 1 for t in range(7)] == [4, 1, 1, 4, 1, 1, 4]


@pytest.mark.parametrize("labels", ["data", "uniform"])
def test_the_generators_move_may_have_more_fakes_than_a_batch(labels: str) -> None:
    procedure, data = make(OLD, conditional=True, g_batch=2, labels=labels), Counted()
    play(procedure, data=data)
    assert [len(shown) for shown in procedure.D.shown] == [N, N, 2 * N]  # real, fake, and the generator's
    assert [len(z) for z in procedure.G.noise] == [N, 2 * N]
    if labels == "data":
        y = data.drawn[0]["y"]
        assert torch.equal(procedure.G.asked[1], torch.cat([y, y]))


def test_the_generator_moves_first_on_twice_as_many_fakes() -> None:
    """SNGAN's code: 2 N fakes for the generator, then N real samples and N new fakes for each discriminator move."""
    procedure = make("generator_first", g_batch=2, d_steps=2)
    assert play(procedure) == [[G], [D], [D]]
    assert [len(z) for z in procedure.G.noise] == [2 * N, N, N]
    assert [len(shown) for shown in procedure.D.shown] == [2 * N, N, N, N, N]


@pytest.mark.parametrize("use", ["larger_generator_batch", "generator_first"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": Relativistic}, "a loss that reads no real samples"),
        ({"regularizer": [FeatureMatching()]}, "leaves FeatureMatching without a real sample for each fake"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_more_fakes_than_real_samples_are_refused_where_they_are_compared(
    use: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(IncompatibleError, match=message):
        make(use, g_batch=2, **settings)


def test_a_loss_reports_numbers_of_the_last_discriminators_move() -> None:
    procedure, data = make(loss=Wasserstein, d_steps=2), Counted()
    moves = procedure.step(data, 0)
    assert list(next(moves)[D]) == ["adversarial"]
    next(moves)
    real, fake = procedure.D.layers(data.drawn[1]["x"]), procedure.D.layers(procedure.D.shown[3])
    assert torch.isclose(procedure.logged["wasserstein_estimate"], real.mean() - fake.mean())


def test_both_networks_see_the_labels_of_the_batch() -> None:
    procedure, data = make(conditional=True, d_steps=2), Counted()
    play(procedure, data=data)
    first, second = (batch["y"] for batch in data.drawn)
    assert equal(procedure.G.asked, [first, second, second])
    assert equal(procedure.D.told, [first, first, second, second, second])


def test_a_penalty_sees_the_discriminator_under_the_labels_of_the_batch() -> None:
    looking, data = Looking(), Counted()
    procedure = make(conditional=True, regularizer=[looking])
    next(procedure.step(data, 0))
    assert torch.equal(procedure.D.told[-1], data.drawn[0]["y"])


def test_networks_that_are_not_conditional_see_no_labels() -> None:
    procedure = make()
    play(procedure)
    assert procedure.G.asked == [None, None]
    assert procedure.D.told == [None, None, None]


def test_uniform_labels_are_drawn_for_the_fakes_alone() -> None:
    procedure = make(conditional=True, labels="uniform")
    y = torch.full((4000,), 2)
    play(procedure, data=iter([{"x": torch.randn(4000, 2), "y": y}]))
    asked, _ = procedure.G.asked
    assert asked.dtype == torch.int64
    shares = asked.bincount(minlength=CLASSES) / 4000
    assert len(shares) == CLASSES
    assert (shares - 1 / CLASSES).abs().max() < 0.03  # more than four standard errors
    assert torch.equal(procedure.D.told[0], y)
    assert torch.equal(procedure.D.told[1], asked)


def test_samples_are_made_for_the_labels_asked_for() -> None:
    procedure, y = make(conditional=True), torch.tensor([3, 1])
    assert procedure.sample(2, y).shape == (2, 2)
    assert torch.equal(procedure.G.asked[-1], y)
    assert procedure.conditional and not make().conditional


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ((ConditionalMaker, Judge), "the generator is conditional on labels and the discriminator is not"),
        ((Maker, ConditionalJudge), "the discriminator is conditional on labels and the generator is not"),
    ],
)
def test_labels_for_one_network_alone_are_refused(networks: tuple[Any, Any], message: str) -> None:
    with pytest.raises(IncompatibleError, match=message):
        Adversarial(Spec((2,), classes=CLASSES), *networks, NonSaturating)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "settings",
    [{"d_steps": 2}, {"g_steps": 2}, {"fakes": "shared"}, {"first": G}, {"d_burst": 2}, {"g_batch": 2}, {"replay": 5}],
    ids=str,
)
def test_simultaneous_updates_refuse_what_they_would_ignore(settings: dict[str, Any]) -> None:
    with pytest.raises(
        IncompatibleError, match="leave d_steps, g_steps, fakes, first, d_burst, g_batch and replay out"
    ):
        make(OLD, updates="simultaneous", **settings)


def test_shared_fakes_refuse_more_fakes_for_one_player() -> None:
    with pytest.raises(IncompatibleError, match='use fakes = "fresh"'):
        make(OLD, fakes="shared", g_batch=2)


@pytest.mark.parametrize("settings", [{"labels": "uniform"}, {"use": "shared_fakes", "d_steps": 2}], ids=str)
def test_a_penalty_over_samples_of_different_labels_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(IncompatibleError, match="GradientPenalty compares samples under one label"):
        make(conditional=True, regularizer=[GradientPenalty()], **settings)
    make(conditional=True, regularizer=[WeightClipping()], **settings)
    make(regularizer=[GradientPenalty()], **settings)  # without labels there is nothing to mix


@pytest.mark.parametrize("use", ["adversarial", "shared_fakes"])
def test_features_are_those_under_each_sample_s_own_label(use: str) -> None:
    """Uniform labels are given to the fakes alone: real samples keep theirs in the generator's terms, too."""

    class Comparing(Regularizer):
        def generator_terms(self, comparison: Comparison) -> Terms:
            features = comparison.features
            self.judged = features(comparison.real), features(comparison.fake)
            return {"comparing": features(comparison.fake).mean()}

    comparing, data = Comparing(), Counted()
    procedure = make(use, conditional=True, regularizer=[comparing], labels="uniform")
    procedure.D.features = lambda x, y: y.float()[:, None]  # (N,) -> (N, 1)
    play(procedure, data=data)
    real, fake = (judged.flatten().long() for judged in comparing.judged)
    assert torch.equal(real, data.drawn[-1]["y"])
    assert torch.equal(fake, procedure.G.asked[-1])
    assert not torch.equal(real, fake)


def test_a_penalty_per_sample_refuses_batch_norm() -> None:
    class Mixing(Judge):
        def __init__(self, spec: Spec):
            super().__init__(spec)
            self.norm = nn.BatchNorm1d(4)

    with pytest.raises(IncompatibleError, match=r"BatchNorm1d \(norm\)"):
        Adversarial(Spec((2,)), Maker, Mixing, NonSaturating, [R1])  # type: ignore[arg-type,list-item]


class Attached(Regularizer, nn.Module):
    """Counts its calls in a buffer, hears the generator's features, and marks both networks."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.tensor(0))

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        discriminator.register_buffer("mark", torch.tensor(1.0))
        generator.register_buffer("mark", torch.tensor(2.0))

    def generator_terms(self, comparison: Comparison) -> Terms:
        self.calls += 1
        real, fake = (comparison.features(x).mean(0) for x in (comparison.real, comparison.fake))
        return {"far": (real.detach() - fake).square().sum()}


@pytest.mark.parametrize(
    "settings", [{}, {"use": "simultaneous"}, {"use": "shared_fakes", "first": "generator"}], ids=str
)
def test_a_regularizer_has_terms_in_the_generators_move(settings: dict[str, Any]) -> None:
    procedure = make(regularizer=[Attached()], **settings)
    moves = {player: set(terms) for move in procedure.step(Counted(), 0) for player, terms in move.items()}
    assert moves == {D: {"adversarial"}, G: {"adversarial", "far"}}
    before = weights(procedure.D)
    engine_for(procedure).step(Counted(), 1)
    gradient = torch.autograd.grad(
        procedure.regularizers[0].generator_terms(
            Comparison.of(procedure.D, procedure.G, torch.ones(N, 2), procedure.sample(N))
        )["far"],
        list(procedure.G.parameters()),
    )
    assert all(part.abs().sum() > 0 for part in gradient)
    assert not equal(before, weights(procedure.D))


def test_what_a_regularizer_keeps_is_state_of_the_procedure() -> None:
    procedure = make(regularizer=[Looking(), Attached()])
    list(procedure.step(Counted(), 0))
    state = procedure.state_dict()
    assert {name: float(state[name]) for name in ("with_state.0.calls", "D.mark", "G.mark")} == {
        "with_state.0.calls": 1,
        "D.mark": 1,
        "G.mark": 2,
    }


class Helping(Looking):
    """Terms for either player."""

    def generator_terms(self, comparison: Comparison) -> Terms:
        return {"helping": comparison.features(comparison.fake).mean()}


@pytest.mark.parametrize("settings", [{}, {"updates": "simultaneous"}], ids=str)
def test_the_generators_loss_has_a_weight(settings: dict[str, Any]) -> None:
    results = {}
    for weight in (1.0, 0.25):
        torch.manual_seed(1)
        moves = list(make(OLD, g_weight=weight, **settings).step(Counted(), 0))
        results[weight] = moves[-1][G]["adversarial"], moves[0][D]["adversarial"]
    assert torch.isclose(0.25 * results[1.0][0], results[0.25][0])
    assert torch.equal(results[1.0][1], results[0.25][1])


@pytest.mark.parametrize("settings", [{}, {"updates": "simultaneous"}], ids=str)
def test_without_weight_the_generator_has_the_terms_of_regularizers_alone(settings: dict[str, Any]) -> None:
    procedure = make(OLD, regularizer=[Helping()], g_weight=0, **settings)
    moves = list(procedure.step(Counted(), 0))
    assert list(moves[-1][G]) == ["helping"]
    assert "adversarial" in moves[0][D]
    engine_for(procedure).step(Counted(), 1)
    with pytest.raises(IncompatibleError, match="g_weight = 0 leaves the generator with the terms of regularizers"):
        make(OLD, regularizer=[Looking()], g_weight=0, **settings)
    with pytest.raises(IncompatibleError, match="there is none at every step"):
        make(OLD, regularizer=[Helping(every=2)], g_weight=0, **settings)


@pytest.mark.parametrize("settings", [{}, {"updates": "simultaneous"}, {"conditional": True}], ids=str)
def test_joint_batches_are_judged_at_once(settings: dict[str, Any]) -> None:
    moves = {}
    for d_batches in ("separate", "joint"):
        procedure, data = make(OLD, d_batches=d_batches, **settings), Counted()
        torch.manual_seed(1)
        moves[d_batches] = next(procedure.step(data, 0))
        assert len(procedure.D.shown[0]) == (N if d_batches == "separate" else 2 * N)
        assert torch.equal(procedure.D.shown[0][:N], data.drawn[0]["x"])
    for player, terms in moves["separate"].items():  # no network here mixes samples
        torch.testing.assert_close(dict(terms), dict(moves["joint"][player]))
    if settings.get("conditional"):
        assert torch.equal(procedure.D.told[0], data.drawn[0]["y"].repeat(2))


def test_replayed_fakes_are_older_ones() -> None:
    """Three moves fill the pool; then a half of what the discriminator meets comes from it."""
    procedure = make("replay", size=3 * N)
    made: list[Tensor] = []
    shares = []
    for t in range(30):
        procedure.D.shown.clear()
        for move in procedure.step(Counted(), t):
            if D in move:
                made.append(procedure.G.layer(procedure.G.noise[-1]).detach())
                shown = procedure.D.shown[1]
                here = (shown[:, None] == made[-1]).all(2).any(1)
                before = (shown[:, None] == torch.cat(made)).all(2).any(1)
                assert before.all()
                shares.append(1 - here.float().mean().item())
            move_at_random(procedure, move)
    assert shares[:3] == [0, 0, 0]
    assert 0.3 < sum(shares[3:]) / len(shares[3:]) < 0.7
    pool = procedure.replay.x
    assert len(pool.unique(dim=0)) == 3 * N and procedure.replay.filled == 3 * N
    assert not (pool[:, None] == torch.cat(made[:3])).all(2).any(1).all()  # new ones have come in


def test_replayed_fakes_keep_their_labels() -> None:
    procedure, data = make("replay", conditional=True, size=N, share=1.0), Counted()
    with torch.no_grad():
        procedure.G.layer.weight.zero_()
    for t in range(2):
        play(procedure, t, data)
    shown, told = procedure.D.shown, procedure.D.told
    second = len(shown) // 2 + 1
    assert sorted(told[second].tolist()) == sorted(data.drawn[0]["y"].tolist())  # all changed places
    assert torch.equal(procedure.replay.y.sort().values, data.drawn[1]["y"].sort().values)


def test_the_pool_is_state_and_a_smaller_one_than_a_batch_will_do() -> None:
    procedure = make("replay", size=2, share=1.0)
    play(procedure)
    play(procedure)
    assert procedure.state_dict()["replay.x"].any() and procedure.state_dict()["replay.filled"] == 2
    assert "replay.x" not in make().state_dict()


def test_replay_refuses_what_it_would_mix_up() -> None:
    with pytest.raises(IncompatibleError, match="replay has fakes of other labels than the batch, and GradientPenalty"):
        make("replay", size=5, conditional=True, regularizer=[GradientPenalty()])
    make("replay", size=5, regularizer=[GradientPenalty()])
