"""The moves of the paper's objective, and moons where they should be."""

import ganzoo
import pytest
import torch
from ganzoo.registry import discovery

from ganzoo_bigan.dataset import Moons
from ganzoo_bigan.procedure import BiGAN

ZOO = discovery.load().zoo


def part(kind, **settings):
    return ganzoo.Blueprint(ZOO.find(kind, "mlp"), settings)


def bigan(z_dim=2):
    return BiGAN(
        ganzoo.Spec((2,)),
        generator=part("generator", z_dim=2, hidden=[8], norm="none"),
        encoder=part("encoder", z_dim=z_dim, hidden=[8]),
        discriminator=part("discriminator", hidden=[8]),
        loss=ganzoo.Blueprint(ZOO.find("loss", "non_saturating")),
    )


def test_first_the_judge_moves_and_then_both_others_at_once():
    moves = [set(move) for move in bigan().step(iter([{"x": torch.randn(4, 2)}]), 0)]
    assert moves == [{"discriminator"}, {"generator", "encoder"}]


def test_what_one_side_wins_the_other_loses():
    """With the judge's logits all zero, -log D and -log(1 - D) are log 2 each, for both sides."""
    made = bigan()
    with torch.no_grad():
        for parameter in made.D.parameters():
            parameter.zero_()
    judge, others = made.step(iter([{"x": torch.randn(4, 2)}]), 0)
    for terms in (judge["discriminator"], others["generator"], others["encoder"]):
        torch.testing.assert_close(terms["adversarial"].item(), 2 * 0.6931472)


def test_codes_of_two_widths_are_refused():
    with pytest.raises(ganzoo.IncompatibleError, match="the generator's codes have 2 numbers, the encoder's 3"):
        bigan(z_dim=3)


def test_moons_lie_on_circles_of_radius_one():
    moons = Moons(n=1000, noise=0.0, labels=True)
    x, y = moons.tensors()["x"], moons.tensors()["y"]
    centre = torch.where(y[:, None] == 0, torch.tensor([-0.5, -0.25]), torch.tensor([0.5, 0.25]))
    torch.testing.assert_close((x - centre).norm(dim=1), torch.ones(1000))
    assert (x[y == 0, 1] >= -0.25).all() and (x[y == 1, 1] <= 0.25).all()
