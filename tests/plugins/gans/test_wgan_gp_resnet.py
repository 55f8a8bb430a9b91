"""The residual networks of WGAN-GP: their size, the mean over the map, samples kept apart."""

from __future__ import annotations

import torch

from ganzoo import Spec
from ganzoo_builtins.gans.wgan_gp_resnet import WGANGPResNetDiscriminator, WGANGPResNetGenerator
from ganzoo_builtins.regularizers.gradient_penalty import GradientPenalty

CIFAR = Spec((3, 32, 32))


def test_the_papers_networks_for_cifar10() -> None:
    with torch.device("meta"):
        networks = WGANGPResNetGenerator(CIFAR), WGANGPResNetDiscriminator(CIFAR)
    assert [sum(p.numel() for p in net.parameters()) for net in networks] == [1_204_483, 1_053_825]


def test_the_critic_ends_in_the_mean_of_its_map() -> None:
    critic = WGANGPResNetDiscriminator(CIFAR, width=8)
    x = torch.randn(2, 3, 32, 32)
    assert critic.layers(x).shape == (2, 8, 8, 8)
    assert torch.equal(critic.features(x), critic.layers(x).mean((2, 3)))


def test_a_penalty_at_each_sample_has_a_meaning() -> None:
    critic = WGANGPResNetDiscriminator(CIFAR, width=8)
    GradientPenalty().check(critic)
    x = torch.randn(3, 3, 32, 32)
    torch.testing.assert_close(critic(x)[:1], critic(x[:1]), rtol=1e-4, atol=1e-5)
