"""CycleGAN: the sizes of its networks, its loss against the paper's formula, its moves and its pools."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo.interfaces import Batch
from ganzoo_builtins.gans.cyclegan import CycleGANDiscriminator, CycleGANGenerator
from helpers.support import UNPAIRED, tiny

SPEC = Spec((1, 8, 8))


def made(*changes: str, spec: Spec = SPEC) -> Any:
    return instantiate.procedure(tiny(UNPAIRED, *changes), spec)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def batch(n: int = 4, spec: Spec = SPEC) -> Batch:
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(n, *shape, generator=generator) for shape in (spec.source.shape, spec.shape))
    return {"a": a, "b": b}


@pytest.mark.parametrize(("side", "generator"), [(256, 11_378_179), (128, 7_837_699)])
def test_the_networks_have_the_published_sizes(side: int, generator: int) -> None:
    with torch.device("meta"):
        G, D = CycleGANGenerator(Spec((3, side, side))), CycleGANDiscriminator(Spec((3, side, side)))
        assert (count(G), count(D)) == (generator, 2_764_737)
        x = torch.empty(2, 3, side, side)
        assert G(x).shape == x.shape and D(x).shape == (2, 1, side // 8 - 2, side // 8 - 2)


def test_small_ones_have_the_sizes_of_their_layers() -> None:
    grey = Spec((1, 28, 28))
    assert count(CycleGANGenerator(grey, width=16, blocks=3)) == 269_377
    assert count(CycleGANDiscriminator(grey, width=16, layers=2)) == 42_353


@pytest.mark.parametrize(("layers", "pixels"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_a_patch(layers: int, pixels: int) -> None:
    D = CycleGANDiscriminator(Spec((1, 128, 128)), width=1, layers=layers, norm="none")
    for parameter in D.parameters():
        nn.init.ones_(parameter)
    x = torch.ones(1, 1, 128, 128, requires_grad=True)
    logits = D(x)
    middle = logits.shape[-1] // 2
    (gradient,) = torch.autograd.grad(logits[0, 0, middle, middle], x)
    assert int((gradient[0, 0] != 0).any(0).sum()) == int((gradient[0, 0] != 0).any(1).sum()) == pixels


def test_a_picture_of_any_size_is_translated() -> None:
    G = CycleGANGenerator(Spec((3, 16, 16)), Spec((1, 16, 16)), width=2, blocks=1)
    assert G.multiple == 4 and G.source_shape == (1, 16, 16)
    assert G(torch.rand(1, 1, 36, 20)).shape == (1, 3, 36, 20)


class Scale(nn.Module):
    """Multiplies by a number; a linear judge is the mean of that."""

    def __init__(self, factor: float, judges: bool = False):
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))
        self.judges = judges
        self.conditional = False

    def forward(self, x: Tensor) -> Tensor:
        return (self.factor * x).mean((1, 2, 3)) if self.judges else self.factor * x


def test_the_terms_are_those_of_the_paper() -> None:
    procedure, drawn = made("loss.g_weight=1", "procedure.pool=0"), batch()
    procedure.G = Scale(2.0)
    procedure.F = Scale(-0.25)
    procedure.D_b = Scale(3.0, judges=True)
    procedure.D_a = Scale(0.5, judges=True)
    a, b = drawn["a"], drawn["b"]
    generator, discriminator = procedure.step(iter([drawn]), 0)
    assert list(generator) == ["generator"] and list(discriminator) == ["discriminator"]
    mean_a, mean_b = a.mean((1, 2, 3)), b.mean((1, 2, 3))
    expected = {
        "adversarial_b": (6 * mean_a - 1).square().mean(),
        "adversarial_a": (-0.125 * mean_b - 1).square().mean(),
        "cycle_a": 10 * 1.5 * a.mean(),  # 2 * -0.25 a is -a/2
        "cycle_b": 10 * 1.5 * b.mean(),
        "identity_b": 5 * b.mean(),
        "identity_a": 5 * 1.25 * a.mean(),
    }
    torch.testing.assert_close({**generator["generator"]}, expected)
    expected = {
        "adversarial_b": ((3 * mean_b - 1).square().mean() + (6 * mean_a).square().mean()) / 2,
        "adversarial_a": ((0.5 * mean_a - 1).square().mean() + (-0.125 * mean_b).square().mean()) / 2,
    }
    torch.testing.assert_close({**discriminator["discriminator"]}, expected)


def test_discriminators_learn_nothing_through_the_generators() -> None:
    procedure = made()
    generator, discriminator = procedure.step(iter([batch()]), 0)
    sum(discriminator["discriminator"].values()).backward()
    assert all(p.grad is None for p in [*procedure.G.parameters(), *procedure.F.parameters()])
    assert all(p.grad is not None for p in [*procedure.D_b.parameters(), *procedure.D_a.parameters()])
    sum(generator["generator"].values()).backward()
    assert all(p.grad is not None for p in [*procedure.G.parameters(), *procedure.F.parameters()])


def test_both_pools_fill_with_translations_and_only_discriminators_see_them() -> None:
    procedure = made("procedure.pool=50")
    assert [int(pool.filled) for pool in procedure.pools] == [0, 0]
    drawn = batch(40)
    list(procedure.step(iter([drawn]), 0))
    torch.testing.assert_close(procedure.pools[0].x[:40], procedure.G(drawn["a"]))
    torch.testing.assert_close(procedure.pools[1].x[:40], procedure.F(drawn["b"]))
    list(procedure.step(iter([drawn]), 1))
    assert [int(pool.filled) for pool in procedure.pools] == [50, 50]
    assert len(made("procedure.pool=0").pools) == 0


def test_inputs_and_samples_of_other_channels_need_no_identity() -> None:
    colours = Spec((3, 8, 8), source_shape=(1, 8, 8))
    with pytest.raises(IncompatibleError, match=r"set procedure\.identity=0"):
        made(spec=colours)
    procedure = made("procedure.identity=0", spec=colours)
    drawn = batch(spec=colours)
    assert not any("identity" in name for name in next(procedure.step(iter([drawn]), 0))["generator"])
    assert procedure.translate(drawn["a"]).shape == (4, 3, 8, 8)
    assert procedure.translate_back(drawn["b"]).shape == (4, 1, 8, 8)
    assert procedure.preview(drawn).samples.shape == (12, 3, 8, 8)


def test_grids_show_the_way_there_and_back() -> None:
    procedure, drawn = made(), batch(2)
    procedure.G = Scale(0.5)
    procedure.F = Scale(2.0)
    shown, back = procedure.preview(drawn).samples, procedure.panels(drawn)["back"].samples
    assert torch.equal(shown[0::3], drawn["a"]) and torch.equal(shown[1::3], drawn["a"] / 2)
    assert torch.equal(shown[2::3], drawn["a"]) and torch.equal(back[1::3], 2 * drawn["b"])


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (Spec((1, 8, 8), source_shape=(1, 16, 16)), r"keeps the size of its input"),
        (Spec((1, 10, 10)), r"dataset\.size=12"),
        (Spec((1, 4, 4)), r"dataset\.size=8"),
    ],
)
def test_other_sizes_are_refused_with_what_to_do(spec: Spec, message: str) -> None:
    with pytest.raises(IncompatibleError, match=message):
        made("procedure.identity=0", spec=spec)
