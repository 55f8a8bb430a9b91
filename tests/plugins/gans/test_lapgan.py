"""LAPGAN: an exact pyramid, levels that know nothing of each other, samples composed from coarse to fine."""

from __future__ import annotations

import copy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import ganzoo
from ganzoo import IncompatibleError, Spec
from ganzoo.config.component import Blueprint
from ganzoo.training.engine import Engine
from ganzoo_builtins.gans.lapgan import LAPGAN, LAPGANLevelDiscriminator, LAPGANLevelGenerator, down, pyramid, up
from helpers.judging import Referee
from helpers.support import PLUGINS, accelerator

PHOTOS, DIGITS = Spec((3, 32, 32)), Spec((1, 32, 32), classes=10)
PARTS: dict[str, Any] = {
    "generator": {"use": "mlp", "z_dim": 4, "hidden": [8, 8]},
    "discriminator": {"use": "mlp", "hidden": [8]},
    "generator_level": {"use": "lapgan_level", "width": 4},
    "discriminator_level": {"use": "lapgan_level", "width": 4},
    "loss": {"use": "non_saturating"},
}

ON_DIGITS = """
[run]
steps      = 200
batch_size = 32
ema        = 0.99

[dataset]
use  = "digits"
size = 16

[procedure]
use    = "lapgan"
levels = 1

[generator]
use    = "mlp"
z_dim  = 64
hidden = [256, 256]
bn_eps = 1e-5

[discriminator]
use    = "mlp"
hidden = [256, 128]

[generator_level]
use   = "lapgan_level"
width = 16

[discriminator_level]
use   = "lapgan_level"
width = 16

[loss]
use = "non_saturating"

[optimizer]
use   = "adam"
lr    = 5e-4
betas = [0.5, 0.999]
"""


def make(
    spec: Spec = PHOTOS, levels: int = 2, regularizer: dict[str, dict[str, Any]] | None = None, **changes: Any
) -> LAPGAN:
    torch.manual_seed(0)
    tables = {name: dict(changes.get(name, table)) for name, table in PARTS.items()}
    parts = {
        name: Blueprint(PLUGINS.zoo.find(name.partition("_")[0], table.pop("use")), table)
        for name, table in tables.items()
    }
    regularizers = [
        Blueprint(PLUGINS.zoo.find("regularizer", use), settings) for use, settings in (regularizer or {}).items()
    ]
    return LAPGAN(spec, **parts, regularizer=regularizers, levels=levels)


def photos(n: int = 6, spec: Spec = PHOTOS) -> dict[str, Tensor]:
    batch = {"x": torch.rand(n, *spec.shape) * 2 - 1}
    return {**batch, "y": torch.arange(n) % spec.classes} if spec.classes else batch


def train(procedure: LAPGAN, steps: int = 2) -> LAPGAN:
    engine = Engine(procedure, lambda player, owned: torch.optim.SGD(owned, lr=0.1), accelerator())
    for t in range(steps):
        torch.manual_seed(t)
        engine.step(iter([photos()]), t)
    return procedure


def moves(procedure: LAPGAN, spec: Spec = PHOTOS) -> list[Any]:
    return list(procedure.step(iter([photos(spec=spec)]), 0))


@pytest.mark.parametrize("shape", [(2, 1, 28, 28), (2, 3, 32, 32), (2, 3, 96, 96)], ids=str)
def test_residuals_put_the_image_together_again(shape: tuple[int, ...]) -> None:
    images = pyramid(torch.rand(shape) * 2 - 1, 2)
    residuals = [fine - up(coarse) for fine, coarse in pairwise(images)]
    again = images[-1]
    for residual in reversed(residuals):
        again = up(again) + residual
    assert (again - images[0]).abs().max() < 1e-6
    assert [image.shape[-1] for image in images] == [shape[-1], shape[-1] // 2, shape[-1] // 4]


def test_a_flat_image_has_no_residual() -> None:
    flat = torch.full((1, 3, 16, 16), 0.3)
    assert (flat - up(down(flat))).abs().max() < 1e-6


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_pair_for_each_size(levels: int) -> None:
    procedure = make(levels=levels)
    players = [f"{player}_{k}" for player in ("discriminator", "generator") for k in range(levels + 1)]
    assert list(procedure.players()) == players
    composed = procedure.compose(5)
    assert [tuple(image.shape) for image in composed] == [(5, 3, 32 >> k, 32 >> k) for k in reversed(range(levels + 1))]
    for D, image in zip(procedure.D, reversed(composed), strict=True):
        assert D(image).shape == (5,)
    assert procedure.sample(5).abs().max() <= 1


def test_the_networks_of_a_level_are_those_of_the_papers_code() -> None:
    """Convolutions 7x7, 7x7, 5x5 of 64 on four planes; 5x5 and 5x5 of stride 2, then one logit."""
    with torch.device("meta"):
        G, D = LAPGANLevelGenerator(PHOTOS), LAPGANLevelDiscriminator(PHOTOS)
    assert sum(p.numel() for p in G.parameters()) == 218_179  # 4*64*49+64, 64*64*49+64, 64*3*25+3
    assert sum(p.numel() for p in D.parameters()) == 123_713  # 3*64*25+64, 64*64*25+64, 64*256+1
    assert G.z_dim == 32 * 32


def test_all_discriminators_move_at_once_then_all_generators() -> None:
    discriminators, generators = moves(make())
    assert list(discriminators) == ["discriminator_0", "discriminator_1", "discriminator_2"]
    assert list(generators) == ["generator_0", "generator_1", "generator_2"]


def test_no_gradient_crosses_levels() -> None:
    procedure = make()
    for move in moves(procedure):
        for player, terms in move.items():
            procedure.zero_grad()
            sum(terms.values()).backward(retain_graph=True)
            kind, k = player.rsplit("_")
            reached = {
                owner
                for owner, modules in procedure.players().items()
                if any(p.grad is not None and p.grad.any() for module in modules for p in module.parameters())
            }
            assert reached == {player} | ({f"discriminator_{k}"} if kind == "generator" else set())


def test_a_level_trains_as_it_would_alone() -> None:
    """Other weights at level 2 change nothing at levels 0 and 1: they learn from real coarse images."""
    procedure, other = make(), make()
    with torch.no_grad():
        for parameter in [*other.G[2].parameters(), *other.D[2].parameters()]:
            parameter.mul_(0.5)
    train(procedure), train(other)
    for k in (0, 1):
        for net, twin in ((procedure.G[k], other.G[k]), (procedure.D[k], other.D[k])):
            assert all(torch.equal(p, q) for p, q in zip(net.parameters(), twin.parameters(), strict=True))
    assert not torch.equal(next(procedure.G[2].parameters()), next(other.G[2].parameters()))


def test_real_images_of_a_level_are_the_pyramids_and_fakes_stand_on_real_coarse_ones() -> None:
    procedure, shown = make(), []
    for k, D in enumerate(procedure.D):
        D.register_forward_pre_hook(lambda net, args, k=k: shown.append((k, args[0])))
    batch = photos()
    next(procedure.step(iter([batch]), 0))
    images = pyramid(batch["x"], 2)
    for k, (real, fake) in enumerate(zip(shown[::2], shown[1::2], strict=True)):
        assert real[0] == fake[0] == k
        assert torch.equal(real[1], images[k])
    procedure.G[0].residual = lambda z, coarse, y: torch.zeros_like(coarse)
    shown.clear()
    next(procedure.step(iter([batch]), 0))
    assert torch.equal(shown[1][1], up(images[1]))


def test_a_sample_is_the_coarse_one_and_its_residuals() -> None:
    """d is linear, so that d(I_0) - d(u(I_1)) is d(h_0), of each sample."""
    procedure = make()
    residuals: list[Tensor] = []
    for G in (procedure.G[1], procedure.G[0]):
        own = G.residual

        def watched(z: Tensor, coarse: Tensor, y: Tensor | None, own: Any = own) -> Tensor:
            residuals.append(own(z, coarse, y))
            return residuals[-1]

        G.residual = watched
    small, middle, large = procedure.compose(4)
    torch.testing.assert_close(middle, up(small) + residuals[0])
    torch.testing.assert_close(large, up(middle) + residuals[1])
    torch.testing.assert_close(down(large), down(up(middle)) + down(residuals[1]))
    torch.manual_seed(3)
    whole = procedure.sample(4)
    torch.manual_seed(3)
    assert torch.equal(whole, procedure.compose(4)[-1].clamp(-1, 1))


def test_the_coarsest_generator_alone_makes_the_smallest_image() -> None:
    procedure = make()
    torch.manual_seed(5)
    small, *_ = procedure.compose(4)
    torch.manual_seed(5)
    assert torch.equal(small, procedure.G[2](procedure.G[2].prior(4)))


def test_the_noise_reaches_every_level() -> None:
    G = make().G[0]
    coarse = torch.zeros(2, 3, 32, 32)
    assert not torch.equal(G.residual(G.prior(2), coarse), G.residual(G.prior(2), coarse))
    assert not torch.equal(G.residual(z := G.prior(2), coarse), G.residual(z, coarse + 0.5))


def test_labels_reach_every_conditional_network() -> None:
    cgan = {"generator": {"use": "cgan", "z_dim": 4, "hidden": [8, 8]}, "discriminator": {"use": "cgan"}}
    level = {"use": "lapgan_level", "width": 4, "condition": "concat"}
    procedure = make(DIGITS, **cgan, generator_level=level, discriminator_level=level).eval()
    assert procedure.conditional
    assert len(moves(procedure, DIGITS)) == 2
    images = []
    for label in (0, 1):
        torch.manual_seed(0)
        images.append(procedure.compose(2, torch.full((2,), label)))
    assert all(not torch.equal(one, other) for one, other in zip(*images, strict=True))
    x = images[0][-1]
    assert not torch.equal(procedure.D[0](x, torch.zeros(2).long()), procedure.D[0](x, torch.ones(2).long()))


def test_every_level_has_its_own_regularizers() -> None:
    """R1 of each discriminator at its own images, in every second step and doubled; clipping after each move."""
    procedure = make(regularizer={"r1": {"weight": 2.0, "every": 2}, "weight_clipping": {"limit": 0.01}})
    batch = photos()
    expected = []
    for D, x in zip(procedure.D.eval(), pyramid(batch["x"], 2), strict=True):
        x = x.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(D(x).sum(), x)
        expected.append(2 * gradient.square().flatten(1).sum(1).mean().item())
    move, _ = procedure.step(iter([batch]), 0)
    assert [terms["r1"].item() for terms in move.values()] == pytest.approx(expected, rel=1e-4)
    for D in procedure.D:
        assert max(p.abs().max().item() for p in D.parameters()) == pytest.approx(0.01)
    assert [list(terms) for terms in next(procedure.step(iter([batch]), 1)).values()] == [["adversarial"]] * 3


def test_feature_matching_joins_the_generators_of_all_levels() -> None:
    discriminators, generators = moves(make(regularizer={"feature_matching": {}}))
    assert all(list(terms) == ["adversarial"] for terms in discriminators.values())
    assert all(list(terms) == ["adversarial", "feature_matching"] for terms in generators.values())


def test_a_penalty_of_each_sample_is_refused_where_a_level_mixes_them() -> None:
    with pytest.raises(IncompatibleError, match="R1 penalises the gradient of each sample"):
        make(discriminator={"use": "mlp", "hidden": [8], "norm": "batch"}, regularizer={"r1": {}})


def test_a_loss_that_uses_real_logits_gets_them() -> None:
    procedure, judged = make(), []
    procedure.loss.uses_real = True
    procedure.loss.generator = lambda real, fake: judged.append(real.shape) or (real - fake).mean()
    moves(procedure)
    assert judged == [(6,)] * 3


@pytest.mark.parametrize(
    ("spec", "levels"), [(Spec((1, 30, 30)), 2), (Spec((1, 28, 28)), 3), (Spec((1, 8, 8)), 2)], ids=str
)
def test_what_cannot_be_halved_is_refused(spec: Spec, levels: int) -> None:
    with pytest.raises(IncompatibleError, match=rf"cannot halve .* {levels} times.* add dataset.size=32"):
        make(spec, levels)


def test_networks_that_do_not_suit_a_level_are_refused() -> None:
    with pytest.raises(IncompatibleError, match=r"must generate the residual .* MLPGenerator cannot"):
        make(generator_level={"use": "mlp"})
    with pytest.raises(
        IncompatibleError, match="at level 0 one of LAPGANLevelGenerator and LAPGANLevelDiscriminator is cond"
    ):
        make(DIGITS, generator_level={"use": "lapgan_level", "condition": "concat"})
    with pytest.raises(
        IncompatibleError, match="discriminator lapgan_level is conditional, but the dataset has no labels"
    ):
        make(discriminator_level={"use": "lapgan_level", "condition": "concat"})


def test_any_discriminator_of_images_judges_a_level() -> None:
    procedure = make(discriminator_level={"use": "dcgan", "width": 4})
    before = copy.deepcopy(procedure.state_dict())
    after = train(procedure).state_dict()
    assert all(not torch.equal(before[name], after[name]) for name in before if name.endswith("weight"))


def test_panels_show_every_level_from_coarse_to_fine() -> None:
    procedure, batch = make(), photos()
    torch.manual_seed(2)
    panels = procedure.panels(batch)
    torch.manual_seed(2)
    images = procedure.compose(6)
    assert {name: panel.columns for name, panel in panels.items()} == {"pyramid": 3, "residuals": 2}
    rows = panels["pyramid"].samples.view(6, 3, *PHOTOS.shape)
    assert torch.equal(rows[:, 0, :, ::4, ::4], images[0]) and torch.equal(rows[:, 2], images[2])
    added = panels["residuals"].samples.view(6, 2, *PHOTOS.shape)
    torch.testing.assert_close(up(images[1]) + added[:, 1], images[2])


@pytest.mark.slow
def test_it_learns_to_draw_digits_from_coarse_to_fine(tmp_path: Path) -> None:
    """Seeds 0, 1 and 2 drew all ten digits, at 0.12 to 0.14 of the distance that untrained networks have."""
    referee = Referee(16)
    recipe = tmp_path / "digits.toml"
    recipe.write_text(ON_DIGITS)
    drawn = []
    for steps in (1, 200):
        run = ganzoo.train(recipe, {"run.steps": steps}, out=tmp_path)
        drawn.append(referee.judge(ganzoo.load(run).sample(1000, seed=0)))
    untrained, trained = drawn
    assert trained.classes >= 8
    assert trained.frechet < 0.25 * untrained.frechet
