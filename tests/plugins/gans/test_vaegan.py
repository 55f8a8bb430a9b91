"""VAE-GAN: which error moves whom, the gate, the terms, and the layers."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Encoder, IncompatibleError, Loss, Spec, eval_mode
from ganzoo.data.loader import normalised
from ganzoo.registry.discovery import load
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.mlp import MLPDiscriminator, MLPEncoder, MLPGenerator
from ganzoo_builtins.gans.vaegan import VAEGAN
from ganzoo_builtins.losses.non_saturating import NonSaturating
from helpers.judging import Referee
from helpers.learning import trained
from helpers.support import accelerator

ZOO = load().zoo
SPEC = Spec((1, 4, 4))
E, G, D = "encoder", "decoder", "discriminator"
OPEN = {"margin": 100.0}  # a gate that is never shut


class Silent(Loss):
    """A game about nothing: every error is zero, and so is its gradient."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return 0 * (real.sum() + fake.sum())

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return 0 * fake.sum()


class Blind(MLPDiscriminator):
    """Its features say nothing about a sample, so that nothing is unlike anything; its logits do."""

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return 0 * super().features(x)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.layers(x)).squeeze(1)


def made(loss: Any = NonSaturating, discriminator: Any = MLPDiscriminator, **settings: Any) -> VAEGAN:
    torch.manual_seed(0)
    return VAEGAN(
        SPEC,
        lambda spec: MLPEncoder(spec, z_dim=3, hidden=[8]),  # type: ignore[arg-type]
        lambda spec: MLPGenerator(spec, z_dim=3, hidden=[8, 8]),  # type: ignore[arg-type]
        lambda spec: discriminator(spec, hidden=[8]),
        loss,
        **{"gamma": 0.1, **OPEN, **settings},
    )


def batches(n: int = 5) -> Any:
    torch.manual_seed(1)
    return iter([{"x": torch.rand(n, *SPEC.shape) * 2 - 1}])


def move_of(procedure: VAEGAN) -> Any:
    data = batches()
    torch.manual_seed(2)
    (move,) = list(procedure.step(data, 0))
    return move


def gradients(terms: Any, module: nn.Module) -> list[Tensor]:
    gradients = torch.autograd.grad(
        sum(terms.values()), list(module.parameters()), allow_unused=True, retain_graph=True
    )
    return [torch.zeros(1) if gradient is None else gradient for gradient in gradients]


def anything(found: list[Tensor]) -> bool:
    return any(gradient.any() for gradient in found)


def test_one_move_of_three_players() -> None:
    move = move_of(made())
    assert {player: list(terms) for player, terms in move.items()} == {
        E: ["prior", "like"],
        G: ["like", "adversarial"],
        D: ["adversarial"],
    }


def test_what_is_unlike_in_the_features_does_not_move_the_discriminator() -> None:
    """With L_like alone, the discriminator's gradient is exactly zero, though L_like depends on its weights."""
    procedure = made(loss=Silent)
    move = move_of(procedure)
    assert not anything(gradients(move[D], procedure.D))
    assert anything(gradients({"like": move[E]["like"]}, procedure.D))
    assert anything(gradients(move[E], procedure.E)) and anything(gradients(move[G], procedure.G))


@pytest.mark.parametrize("reconstructions", [False, True])
def test_the_verdict_does_not_reach_the_encoder(reconstructions: bool) -> None:
    """With L_GAN alone, the encoder's gradient is exactly that of its prior, to the bit; without a prior it is zero."""
    playing, silent = (made(loss, Blind, reconstructions=reconstructions) for loss in (NonSaturating, Silent))
    moves = [move_of(procedure) for procedure in (playing, silent)]
    both = [gradients(move[E], procedure.E) for move, procedure in zip(moves, (playing, silent), strict=True)]
    assert all(torch.equal(one, other) for one, other in zip(*both, strict=True))
    assert not anything(gradients({"like": moves[0][E]["like"]}, playing.E))
    assert anything(gradients(moves[0][G], playing.G)) and anything(gradients(moves[0][D], playing.D))
    reached = anything(gradients({"adversarial": moves[0][G]["adversarial"]}, playing.E))
    assert reached == reconstructions  # there is a path, which no player's terms take


def test_the_engine_moves_each_by_its_own_terms() -> None:
    """Trained with and without a game, the encoder has the same bits, the decoder and the discriminator have not."""
    after = {}
    for loss in (NonSaturating, Silent):
        procedure = made(loss)
        engine = Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=0.1), accelerator())
        before = copy.deepcopy(procedure.state_dict())
        data = batches()
        torch.manual_seed(2)
        engine.step(data, 0)
        assert engine.moved == {E: 1, G: 1, D: 1}
        parameters = dict(procedure.named_parameters())
        after[loss] = {
            part: [parameters[name].detach() for name in parameters if name.startswith(f"{part}.")] for part in "EGD"
        }
        unmoved = all(torch.equal(before[name], value) for name, value in parameters.items() if name.startswith("D."))
        assert unmoved == (loss is Silent)
    same = {
        part: all(torch.equal(p, q) for p, q in zip(after[NonSaturating][part], after[Silent][part], strict=True))
        for part in "EGD"
    }
    assert same == {"E": True, "G": False, "D": False}


@pytest.mark.parametrize(
    ("real", "fake", "waiting"),
    [
        (0.7, 0.7, set()),
        (0.2, 0.7, {D}),
        (0.7, 0.2, {D}),
        (0.2, 0.2, {D}),
        (1.2, 0.7, {G}),
        (0.7, 1.2, {G}),
        (1.2, 1.2, {G}),
        (0.2, 1.2, set()),  # both would wait: neither does
        (1.2, 0.2, set()),
    ],
)
def test_the_gate(real: float, fake: float, waiting: set[str]) -> None:
    assert made(equilibrium=0.68, margin=0.35).waiting(real, fake) == waiting


@pytest.mark.parametrize(
    ("logit", "moving"),
    [(0.0, [E, G, D]), (3.0, [E, G, D]), (-3.0, [E, G, D])],
    ids=["knows nothing", "all real", "all fake"],
)
def test_constant_verdicts_let_everybody_move(logit: float, moving: list[str]) -> None:
    """sp(3) = 3.05 is above and sp(-3) = 0.05 below: both would wait."""
    assert list(move_of(judged(logit, logit))) == moving


@pytest.mark.parametrize(
    ("real", "fake", "moving"),
    [(3.0, -3.0, [E, G]), (-3.0, 3.0, [E, D])],
    ids=["right each time", "wrong each time"],
)
def test_a_player_that_waits_is_not_in_the_move(real: float, fake: float, moving: list[str]) -> None:
    assert list(move_of(judged(real, fake))) == moving


def judged(real: float, fake: float) -> VAEGAN:
    """A VAE-GAN whose discriminator gives these logits: to real samples, then to both kinds of fakes."""
    procedure = made(margin=0.35)
    logits = iter([real, fake, fake])
    procedure.D.forward = lambda x, y=None: next(logits) + 0 * x.flatten(1).sum(1)  # type: ignore[method-assign]
    return procedure


def test_terms_by_hand() -> None:
    """Every term anew from the same noise, as the paper writes it; batch norm sees the same batches."""
    procedure = made(gamma=0.25)
    move = move_of(procedure)
    x = next(batches())["x"]
    torch.manual_seed(2)
    mean, logvar = procedure.E.posterior(x)
    again = procedure.G(mean + torch.randn_like(mean) * logvar.exp().sqrt())
    drawn = procedure.G(procedure.G.prior(len(x)))
    normal = torch.distributions.Normal
    divergence = torch.distributions.kl_divergence(normal(mean, logvar.exp().sqrt()), normal(0.0, 1.0)).sum(1).mean()
    squares = (procedure.D.features(again) - procedure.D.features(x)).square().sum(1) / 2
    fakes = torch.cat([procedure.D(drawn), procedure.D(again)])
    game = NonSaturating()
    expected = {
        (E, "prior"): divergence,
        (E, "like"): squares.mean(),
        (G, "like"): 0.25 * squares.mean(),
        (G, "adversarial"): 0.75 * game.generator(None, fakes),
        (D, "adversarial"): game.discriminator(procedure.D(x), fakes),
    }
    for (player, name), value in expected.items():
        torch.testing.assert_close(move[player][name], value, rtol=1e-4, atol=1e-5)


def test_losses_that_pair_real_samples_with_fakes_see_as_many_of_both() -> None:
    shapes = []

    class Pairs(NonSaturating):
        uses_real = True

        def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
            shapes.append((real.shape, fake.shape))
            assert torch.equal(real[:5], real[5:])
            return (fake - real).mean()

        def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
            assert real is not None
            shapes.append((real.shape, fake.shape))
            return (real - fake).mean()

    move_of(made(loss=Pairs))
    assert shapes == [((10,), (10,))] * 2


def test_rows_of_samples_above_what_was_rebuilt_from_their_codes() -> None:
    procedure = made().eval()
    x = torch.rand(64, *SPEC.shape) * 2 - 1
    panel = procedure.panels({"x": x})["rebuilt"]
    assert panel.samples.shape == (64, *SPEC.shape) and panel.columns == 8
    assert torch.equal(panel.samples[16:24], x[8:16])
    torch.testing.assert_close(panel.samples[24:32], procedure.G(procedure.E(x[8:16])))


def test_an_encoder_without_a_distribution_is_refused() -> None:
    class Certain(Encoder):
        z_dim = 3

        def __init__(self, spec: Spec):
            super().__init__()

        def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
            return x.flatten(1)[:, :3]

    with pytest.raises(
        IncompatibleError, match=r'Certain has no distribution of codes: use the encoder "vaegan" or "mlp"'
    ):
        VAEGAN(SPEC, Certain, MLPGenerator, MLPDiscriminator, NonSaturating)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="Certain returns a code"):
        Certain(SPEC).posterior(torch.zeros(1, 1, 4, 4))


def test_codes_that_the_generator_cannot_take_are_refused() -> None:
    with pytest.raises(
        IncompatibleError, match=r"codes of 100 numbers, and the generator takes 128: add encoder\.z_dim=128"
    ):
        VAEGAN(
            Spec((1, 8, 8)),
            MLPEncoder,  # type: ignore[arg-type]
            ZOO.find("generator", "vaegan").load(),
            MLPDiscriminator,  # type: ignore[arg-type]
            NonSaturating,  # type: ignore[arg-type]
        )


def test_labels_that_one_side_alone_would_know_are_refused() -> None:
    cgan = ZOO.find("generator", "cgan").load()
    with pytest.raises(IncompatibleError, match="conditional on labels"):
        VAEGAN(Spec((1, 4, 4), classes=3), MLPEncoder, cgan, MLPDiscriminator, NonSaturating)  # type: ignore[arg-type]


def test_labels_reach_decoder_and_discriminator() -> None:
    spec = Spec((1, 4, 4), classes=3)
    cgan = [ZOO.find(kind, "cgan").load() for kind in ("generator", "discriminator")]
    procedure = VAEGAN(spec, MLPEncoder, *cgan, NonSaturating, **OPEN)  # type: ignore[arg-type]
    data = iter([{"x": torch.rand(4, 1, 4, 4), "y": torch.tensor([0, 1, 2, 0])}])
    (move,) = list(procedure.step(data, 0))
    assert set(move) == {E, G, D}
    assert procedure.conditional and procedure.sample(2, torch.tensor([0, 1])).shape == (2, 1, 4, 4)
    assert len(
        procedure.panels({"x": torch.rand(8, 1, 4, 4), "y": torch.zeros(8, dtype=torch.long)})["rebuilt"].samples
    )


def test_parameter_counts_of_the_authors_networks() -> None:
    spec = Spec((3, 64, 64))
    with torch.device("meta"):
        sizes = {
            kind: sum(p.numel() for p in ZOO.find(kind, "vaegan").load()(spec).parameters())
            for kind in ("encoder", "generator", "discriminator")
        }
    assert sizes == {"encoder": 18_071_360, "generator": 4_693_155, "discriminator": 10_953_857}


def test_the_discriminators_features_are_its_last_map() -> None:
    with torch.device("meta"):
        features = ZOO.find("discriminator", "vaegan").load()(Spec((3, 64, 64))).features(torch.zeros(2, 3, 64, 64))
    assert features.shape == (2, 256 * 8 * 8)


@pytest.mark.parametrize("kind", ["encoder", "generator", "discriminator"])
def test_sides_that_cannot_be_halved_three_times_are_refused(kind: str) -> None:
    with pytest.raises(
        IncompatibleError, match=rf"^{kind} vaegan needs .* divisible by 8, not 28: add dataset\.size=32"
    ):
        ZOO.find(kind, "vaegan").load()(Spec((1, 28, 28)))


def test_unlike_batches_are_unlike_under_batch_norm_too() -> None:
    """Features of both are normalised together: what was rebuilt too bright would look right among its own kind."""

    class Bright(MLPGenerator):
        def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
            return torch.ones(len(z), 1, 4, 4) + 0 * super().forward(z)

    torch.manual_seed(0)
    procedure = VAEGAN(
        SPEC,
        lambda spec: MLPEncoder(spec, z_dim=3, hidden=[8]),  # type: ignore[arg-type]
        lambda spec: Bright(spec, z_dim=3, hidden=[8, 8]),  # type: ignore[arg-type]
        lambda spec: MLPDiscriminator(spec, hidden=[64], norm="batch"),  # type: ignore[arg-type]
        NonSaturating,  # type: ignore[arg-type]
    )
    dark = iter([{"x": torch.full((8, *SPEC.shape), -1.0)}])
    (move,) = list(procedure.step(dark, 0))
    assert move[E]["like"] > 10  # each by itself, both would be zero everywhere


@pytest.mark.slow
def test_digits_are_rebuilt_and_drawn() -> None:
    """8x8 digits. Seen with seeds 0, 1, 2: 14, 14 and 14 % of the mean image's square error; all ten digits drawn,
    confidence 0.73, 0.74, 0.73, Frechet distance 0.99, 0.96, 0.95 where an untrained generator has 26."""
    mlp = {"use": "mlp", "z_dim": 16, "hidden": [128, 128]}
    run = trained(
        600,
        procedure={"use": "vaegan", "gamma": 0.1},
        encoder=mlp,
        generator={**mlp, "bn_eps": 1e-5},
        discriminator={"use": "mlp", "hidden": [256, 128], "norm": "batch", "depth": 1},
        loss={"use": "non_saturating"},
    )
    whole = run.example.dataset.tensors()
    assert whole is not None
    x = normalised(whole)["x"]
    with eval_mode(run.procedure):
        again = run.procedure.G(run.procedure.E(x))
    assert (again - x).square().mean() <= 0.4 * (x - x.mean(0)).square().mean()
    verdict = Referee().judge(run.samples())
    assert verdict.classes >= 9 and verdict.confidence >= 0.7 and verdict.frechet <= 4
