"""R3GAN: the paper's sizes, how its weights start, its local convergence, patches and labels."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganzoo import Spec
from ganzoo_builtins.gans.r3gan import Block
from ganzoo_builtins.layers.resampling import Up
from helpers.support import PLUGINS, compared

DIGITS = Spec((1, 28, 28), classes=10)


def build(kind: str, spec: Spec, **settings: Any) -> Any:
    torch.manual_seed(0)
    return PLUGINS.zoo.find(kind, "r3gan").load()(spec, **settings)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("spec", "generator", "discriminator"),
    [
        (Spec((3, 32, 32)), 20_732_160, 20_683_776),  # Stacked MNIST
        (Spec((3, 32, 32), classes=10), 20_781_952, 21_280_512),  # CIFAR-10: 20.78M and 21.28M in the paper
        (Spec((3, 256, 256)), 23_057_952, 23_009_568),  # FFHQ, 768 channels up to 32x32, then 384, 192, 96
    ],
    ids=str,
)
def test_the_papers_networks(spec: Spec, generator: int, discriminator: int) -> None:
    labels = bool(spec.classes)
    with torch.device("meta"):
        assert count(build("generator", spec, condition="concat" if labels else "none")) == generator
        assert count(build("discriminator", spec, condition="projection" if labels else "none")) == discriminator


@pytest.mark.parametrize(("size", "patch", "sides"), [(28, 1, [7, 14, 28]), (28, 2, [7, 14]), (32, 2, [4, 8, 16])])
def test_blocks_work_at_each_resolution(size: int, patch: int, sides: list[int]) -> None:
    spec = Spec((1, size, size))
    for kind, expected in (("generator", sides), ("discriminator", sides[::-1])):
        network = build(kind, spec, width=8, blocks=1, patch=patch)
        seen: list[int] = []
        for module in network.modules():
            if isinstance(module, Block):
                module.register_forward_hook(lambda _, inputs, __, seen=seen: seen.append(inputs[0].shape[3]))
        x = network(network.prior(2)) if kind == "generator" else network(torch.zeros(2, *spec.shape))
        assert seen == expected
        assert x.shape == ((2, *spec.shape) if kind == "generator" else (2,))


def test_a_new_generator_enlarges_its_scaled_map() -> None:
    """Blocks start as the identity, so nothing but the filter lies between the learned map and the pixels."""
    generator = build("generator", DIGITS, width=8)
    z = generator.prior(3)
    x = generator.basis * generator.scale(z)[:, :, None, None]  # (3, 8, 7, 7)
    torch.testing.assert_close(generator(z), generator.pixels(Up()(Up()(x))))


def test_first_weights_of_a_block_shrink_with_the_depth_of_the_network() -> None:
    enter, _, grouped, _, leave = Block(128, depth=8).residual
    assert grouped.weight.shape == (256, 16, 3, 3)
    for weight, inputs in ((enter.weight, 128), (grouped.weight, 144)):
        expected = 0.5946 * math.sqrt(2 / 1.04 / inputs)  # 8 ** (-1/4)
        assert weight.std().item() == pytest.approx(expected, rel=0.02)
    assert not leave.weight.any() and leave.bias is None
    assert not enter.bias.any() and not grouped.bias.any()


def test_outputs_start_as_large_as_inputs() -> None:
    generator = build("generator", DIGITS, width=64)
    discriminator = build("discriminator", DIGITS, width=64)
    assert generator.scale(torch.randn(500, 64)).std().item() == pytest.approx(1, abs=0.1)
    assert generator.pixels(torch.randn(8, 64, 28, 28)).std().item() == pytest.approx(1, abs=0.3)
    assert discriminator.patches(torch.randn(8, 1, 28, 28)).std().item() == pytest.approx(1, abs=0.3)
    assert discriminator.pool(torch.randn(500, 64, 7, 7)).std().item() == pytest.approx(1, abs=0.1)


def test_pixels_are_linear_and_clipped_in_evaluation_mode() -> None:
    generator = build("generator", DIGITS, width=8)
    with torch.no_grad():
        generator.pixels.weight.mul_(10)
    z = generator.prior(4)
    x = generator(z)
    assert x.abs().max() > 1
    assert torch.equal(generator.eval()(z), x.clamp(-1, 1))
    generator.output = "tanh"
    assert torch.equal(generator(z), x.tanh())
    assert torch.equal(generator.train()(z), x.tanh())


def test_a_block_learns_from_its_last_layer_inwards() -> None:
    """At the start only the last convolution has a gradient; after one step of it, all have."""
    discriminator = build("discriminator", DIGITS, width=8, blocks=1)
    blocks = [module for module in discriminator.modules() if isinstance(module, Block)]
    x = torch.randn(4, 1, 28, 28)
    discriminator(x).square().sum().backward()
    assert all(block.residual[4].weight.grad.any() and not block.residual[0].weight.grad.any() for block in blocks)
    torch.optim.SGD(discriminator.parameters(), lr=0.01).step()
    discriminator(x).square().sum().backward()
    assert all(parameter.grad.any() for parameter in discriminator.parameters())


def test_samples_stay_apart_as_r1_and_r2_require() -> None:
    discriminator = build("discriminator", DIGITS, width=8, patch=2)
    for name in ("r1", "r2"):
        PLUGINS.zoo.find("regularizer", name).load()().check(discriminator)
    x = torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(discriminator(x)[:1], discriminator(x[:1]))


def test_the_logit_with_labels_is_an_inner_product_alone() -> None:
    discriminator = build("discriminator", DIGITS, width=8, condition="projection")
    x, y = torch.randn(4, 1, 28, 28), torch.tensor([1, 1, 3, 3])
    logits = discriminator(x, y)
    logits.sum().backward()
    head = discriminator.head
    expected = (head.linear(discriminator.features(x)) * head.class_vectors.weight[y]).sum(1)
    torch.testing.assert_close(logits, expected)
    assert head.class_vectors.weight.grad.abs().sum(1).nonzero().flatten().tolist() == [1, 3]
    nn.init.zeros_(head.class_vectors.weight)
    assert not discriminator(x, y).any()


@pytest.mark.parametrize(
    ("gamma", "expected"),
    [
        (0.0, [complex(0, -0.5), complex(0, 0.5)]),  # without penalties the game circles
        (0.25, [complex(-0.25, -0.4330), complex(-0.25, 0.4330)]),
        (1.0, [complex(-1.8660, 0), complex(-0.1340, 0)]),
    ],
    ids=str,
)
def test_the_dirac_game_converges_by_both_penalties(gamma: float, expected: list[complex]) -> None:
    """D(x) = psi x against a point theta: eigenvalues -g/2 +- sqrt(g^2/4 - 1/4) of the gradient field, g = 2 gamma."""
    loss = PLUGINS.zoo.find("loss", "relativistic").load()()
    penalties = [PLUGINS.zoo.find("regularizer", name).load()(weight=gamma) for name in ("r1", "r2")]
    real = torch.zeros(1, 1, dtype=torch.float64)

    def field(at: Tensor) -> Tensor:
        psi, theta = (value.detach().requires_grad_() for value in at)
        critic = partial(lambda x, psi: psi * x[:, 0], psi=psi)
        fake = theta.view(1, 1)
        terms = [term for item in penalties for term in item.terms(compared(critic, real, fake.detach())).values()]
        d_loss = loss.discriminator(critic(real), critic(fake.detach())) + sum(terms)
        g_loss = loss.generator(critic(real), critic(fake))
        return -torch.stack([torch.autograd.grad(d_loss, psi)[0], torch.autograd.grad(g_loss, theta)[0]])

    steps = 1e-4 * torch.eye(2, dtype=torch.float64)
    jacobian = torch.stack([(field(step) - field(-step)) / 2e-4 for step in steps], 1)
    found = sorted(torch.linalg.eigvals(jacobian).tolist(), key=lambda value: (value.real, value.imag))
    assert found == [pytest.approx(value, abs=1e-3) for value in expected]
