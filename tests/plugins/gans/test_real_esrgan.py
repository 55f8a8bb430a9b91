"""Real-ESRGAN's networks: their sizes, every factor, and any size of the picture."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrize import is_parametrized

from ganzoo import IncompatibleError, Spec
from ganzoo.config import instantiate
from ganzoo.sampling.model import Model
from ganzoo_builtins.gans.real_esrgan import RRDBGenerator, UNetDiscriminator
from helpers.support import TRANSLATING, tiny


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_the_networks_have_the_published_sizes() -> None:
    with torch.device("meta"):
        G, D = RRDBGenerator(Spec((3, 256, 256))), UNetDiscriminator(Spec((3, 256, 256)))
        assert (count(G), count(D)) == (16_697_987, 4_376_897)
    grey = Spec((1, 32, 32))
    assert count(RRDBGenerator(grey, width=16, blocks=2, growth=8)) == 99_729
    assert count(UNetDiscriminator(grey, width=16)) == 273_713


@pytest.mark.parametrize(("factor", "multiple"), [(1, 4), (2, 2), (4, 1), (8, 1)])
def test_every_factor_is_reached_by_doublings(factor: int, multiple: int) -> None:
    G = RRDBGenerator(Spec((3, 32, 32)), Spec((1, 32 // factor, 32 // factor)), width=4, blocks=1, growth=2)
    assert G.multiple == multiple
    assert G(torch.rand(2, 1, 32 // factor, 32 // factor)).shape == (2, 3, 32, 32)
    assert G(torch.rand(1, 1, 3 * multiple, multiple)).shape == (1, 3, 3 * multiple * factor, multiple * factor)


@pytest.mark.parametrize("source", [(1, 8, 16), (1, 11, 11), (1, 64, 64), (1, 30, 30)])
def test_other_factors_are_refused_with_what_to_do(source: tuple[int, ...]) -> None:
    with pytest.raises(IncompatibleError, match=r"generator rrdb enlarges by 1, 2, 4.*transform\.factor"):
        RRDBGenerator(Spec((1, 30, 30)), Spec(source), width=4, blocks=1)


def test_blocks_begin_near_a_factor() -> None:
    """Each adds a fifth of its dense blocks' output, which is near their input."""
    torch.manual_seed(0)
    G = RRDBGenerator(Spec((1, 16, 16)), width=8, blocks=3, growth=4)
    x = torch.randn(2, 8, 4, 4)
    torch.testing.assert_close(G.blocks(x), 1.2**3 * x, rtol=0.05, atol=0.1)


def test_all_layers_but_the_first_and_the_last_have_spectral_norm() -> None:
    D = UNetDiscriminator(Spec((1, 28, 28)), width=4)
    layers = {name: module for name, module in D.named_modules() if isinstance(module, nn.Conv2d)}
    assert {name for name, layer in layers.items() if not is_parametrized(layer)} == {"first", "head"}
    assert all(layer.bias is None for layer in layers.values() if is_parametrized(layer))
    weight = layers["down.1"].weight
    assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=0.1)
    x = torch.rand(2, 1, 28, 28)
    assert D(x).shape == x.shape and D.features(x).shape == (2, 4 * 28 * 28)  # 7 is halved to 3, and doubled to 7


def test_tiles_of_a_picture_of_any_size_give_the_whole_picture() -> None:
    changes = ("generator={use='rrdb', width=4, blocks=1, growth=2}", "discriminator={use='unet', width=2}")
    recipe = tiny(TRANSLATING, *changes, "procedure={use='srgan', pretrain=1, features=0.0, distance='l1'}")
    model = Model(instantiate.procedure(recipe, Spec((1, 8, 8))).eval(), Spec((1, 8, 8)), [], recipe=recipe)
    a = torch.rand(1, 1, 90, 51)
    whole = model.translate(a, seed=0)
    assert whole.shape == (1, 1, 180, 102)
    torch.testing.assert_close(model.translate(a, seed=0, tile=40), whole)


def test_the_first_stage_has_the_distance_that_is_asked_for() -> None:
    tables = ("generator={use='rrdb', width=4, blocks=1, growth=2}", "discriminator={use='unet', width=2}")
    drawn = {"x": torch.rand(3, 1, 8, 8)}
    for distance, loss in (("l1", nn.functional.l1_loss), ("l2", nn.functional.mse_loss)):
        recipe = tiny(TRANSLATING, *tables, f"procedure={{use='srgan', pretrain=1, distance='{distance}'}}")
        procedure = instantiate.procedure(recipe, Spec((1, 8, 8)))
        (move,) = procedure.step(iter([drawn]), 0)
        a, b = procedure.pairs(drawn)
        torch.testing.assert_close(move["generator"]["pixels"], loss(procedure.G(a), b))
