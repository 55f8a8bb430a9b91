"""StyleGAN2: sizes, equalized weights, modulation, styles of layers, noise, and what R1 makes of its discriminator."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.gans.stylegan2 import EqualizedConv2d, EqualizedLinear, ModulatedConv2d, normalise
from ganzoo_builtins.layers.resampling import Up
from helpers.support import PLUGINS, compared

DIGITS = Spec((1, 28, 28), classes=10)
SMALL = {"width": 8, "area": 256}


def build(kind: str, spec: Spec = DIGITS, **settings: Any) -> Any:
    torch.manual_seed(0)
    return PLUGINS.zoo.find(kind, "stylegan2").load()(spec, **settings)


def small_generator(**settings: Any) -> Any:
    return build("generator", **SMALL, z_dim=16, mapping=2, **settings)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("side", "area", "styles", "generator", "discriminator"),
    [(32, 2048, 8, 314_387, 337_281), (64, 4096, 10, 400_920, 415_233)],
)
def test_sizes(side: int, area: int, styles: int, generator: int, discriminator: int) -> None:
    spec = Spec((3, side, side))
    with torch.device("meta"):
        G = build("generator", spec, z_dim=64, width=64, area=area, mapping=2)
        D = build("discriminator", spec, width=64, area=area)
    assert (count(G), count(D), G.styles) == (generator, discriminator, styles)


def test_the_papers_network_has_18_styles_at_1024() -> None:
    with torch.device("meta"):
        G = build("generator", Spec((3, 1024, 1024)))
    assert G.styles == 18
    assert [layer.convolution.weight.shape[0] for layer in G.pixels[:1]] == [3]
    assert [pixels.convolution.weight.shape[1] for pixels in G.pixels] == [512, 512, 512, 512, 512, 256, 128, 64, 32]
    assert len(G.mapping.layers) == 8


def test_pixels_are_linear_or_end_in_a_tanh() -> None:
    G, bounded = small_generator(mixing=0), small_generator(mixing=0, output="tanh")
    z = 30 * G.prior(4)
    with torch.no_grad():
        for network in (G, bounded):
            for pixels in network.pixels:
                pixels.convolution.weight.mul_(10)
    x = G(z)
    assert x.abs().max() > 1
    assert torch.equal(bounded(z), x.tanh())
    same = G.eval().synthesis(G.styles_of(z))
    assert torch.equal(G(z), same.clamp(-1, 1))
    assert torch.equal(bounded.eval()(z), same.tanh())


def test_equalized_layers_keep_the_scale_and_store_weights_of_scale_one() -> None:
    torch.manual_seed(0)
    for layer, x in (
        (EqualizedLinear(300, 300), torch.randn(64, 300)),
        (EqualizedLinear(300, 300, speed=0.01), torch.randn(64, 300)),
        (EqualizedConv2d(64, 64, 3), torch.randn(8, 64, 12, 12)),
    ):
        y = layer(x)
        assert y[..., 2:-2].std().item() == pytest.approx(1, abs=0.1)
        assert layer.weight.std().item() == pytest.approx(1 / getattr(layer, "speed", 1), rel=0.05)


def test_a_bias_learns_at_the_speed_of_its_layer() -> None:
    layer = EqualizedLinear(3, 2, bias=1.0, speed=0.01)
    assert layer.bias.tolist() == [100.0, 100.0]
    y = layer(torch.zeros(1, 3))
    assert y.tolist() == [[1.0, 1.0]]
    y.sum().backward()
    assert layer.bias.grad is not None
    assert layer.bias.grad.tolist() == pytest.approx([0.01, 0.01])


@pytest.mark.parametrize("double", [False, True])
def test_modulating_inputs_is_modulating_weights(double: bool) -> None:
    """Equations 1 and 3 with a kernel of its own for each sample."""
    torch.manual_seed(0)
    layer = ModulatedConv2d(6, 4, 3, w_dim=5, double=double).double()
    x, w = torch.randn(3, 6, 7, 7).double(), torch.randn(3, 5).double()
    expected = []
    for sample, style in zip(x, layer.style(w), strict=True):
        kernel = layer.weight * style[None, :, None, None]  # w'
        kernel = kernel * (kernel.square().sum((1, 2, 3), keepdim=True) + 54 * 1e-8).rsqrt()  # w''
        if double:
            zeros = conv_transpose2d(sample[None], kernel.transpose(0, 1), stride=2)
            assert layer.smooth is not None
            expected.append(layer.smooth(zeros))
        else:
            expected.append(conv2d(sample[None], kernel, padding=1))
    torch.testing.assert_close(layer(x, w), torch.cat(expected))


def test_demodulated_outputs_have_unit_deviation_whatever_the_style() -> None:
    torch.manual_seed(0)
    layer = ModulatedConv2d(32, 32, 3, w_dim=8)
    x = torch.randn(4, 32, 20, 20)
    for factor in (0.1, 10.0):
        y = layer(x, factor * torch.randn(4, 8))[..., 1:-1, 1:-1]
        assert y.std().item() == pytest.approx(1, abs=0.1)


def test_doubling_is_a_convolution_of_zeros_between_pixels_and_a_filter() -> None:
    """Both orders are the same inside the map; with a kernel of one tap, it is the filter alone."""
    layer = ModulatedConv2d(3, 3, 3, w_dim=2, double=True, demodulate=False)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(3)[:, :, None, None] * torch.eye(3)[1].outer(torch.eye(3)[1]) * math.sqrt(27))
        layer.style.weight.zero_()
    x = torch.randn(2, 3, 6, 6)
    torch.testing.assert_close(layer(x, torch.zeros(2, 2)), Up()(x))


def test_the_discriminator_halves_by_a_filter_and_a_strided_convolution() -> None:
    layer = EqualizedConv2d(2, 2, 3, halve=True)
    with torch.no_grad():
        layer.weight.copy_(torch.eye(2)[:, :, None, None] * torch.eye(3)[1].outer(torch.eye(3)[1]) * math.sqrt(18))
    x = torch.randn(2, 2, 8, 8)
    small = EqualizedConv2d(2, 2, 1, halve=True, bias=False)
    with torch.no_grad():
        small.weight.copy_(torch.eye(2)[:, :, None, None] * math.sqrt(2))
    torch.testing.assert_close(layer(x), small(x))


def test_images_of_all_resolutions_are_added() -> None:
    G = small_generator().eval()
    with torch.no_grad():
        for pixels in G.pixels[1:]:
            pixels.convolution.weight.zero_()
        G.pixels[0].convolution.weight.mul_(0.1)
        w = torch.randn(2, G.styles, 16)
        first = G.pixels[0](G.layers[0](G.constant.expand(2, -1, -1, -1), w[:, 0]), w[:, 1])  # (2, 1, 7, 7)
        torch.testing.assert_close(G.synthesis(w), Up()(Up()(first)))
    assert interpolate(first, scale_factor=4).shape == (2, 1, 28, 28)


def test_each_style_changes_its_own_layers() -> None:
    """The style of layer k changes what comes out of layer k, and nothing before."""
    G = small_generator()
    outputs: list[torch.Tensor] = []
    for layer in G.layers:
        layer.register_forward_hook(lambda _, __, output: outputs.append(output))
    w = torch.randn(1, G.styles, 16)
    image = G.synthesis(w)
    before, changed_first = outputs[:], []
    for k in range(G.styles):
        outputs.clear()
        other = w.clone()
        other[:, k] += 1
        assert not torch.equal(G.synthesis(other), image)
        changed_first.append(sum(torch.equal(a, b) for a, b in zip(before, outputs, strict=True)))
    assert changed_first == [0, 1, 2, 3, 4, 5]  # of five layers, the last style is of the last pixels alone


def test_z_and_labels_enter_at_unit_scale() -> None:
    mapping = small_generator(condition="concat").mapping
    z, y = torch.randn(4, 16), torch.arange(4)
    torch.testing.assert_close(mapping(z, y), mapping(100 * z, y))
    with torch.no_grad():
        expected = mapping(z, y)
        mapping.embedding.weight.mul_(100)
    torch.testing.assert_close(mapping(z, y), expected)
    assert normalise(z).square().mean(1).tolist() == pytest.approx([1.0] * 4)


def test_mixing_takes_a_second_style_from_a_random_layer_on() -> None:
    G = small_generator(mixing=1.0)
    z = torch.randn(200, 16)
    own = G.mapping(z)[:, None]
    same = (G.styles_of(z) == own).all(2)  # (200, styles)
    assert same[:, 0].all() and not same[:, -1].any()
    assert (same[:, :-1].int() >= same[:, 1:].int()).all()  # one style, then the other
    assert {*same.sum(1).tolist()} == {1, 2, 3, 4, 5}
    G.mixing = 0.5
    unmixed = (G.styles_of(z)[:, -1] == own[:, 0]).all(1).float().mean().item()
    assert unmixed == pytest.approx(0.5, abs=0.15)
    G.mixing = 0.0
    assert torch.equal(G.styles_of(z), own.expand(-1, 6, -1))
    assert torch.equal(G.eval().styles_of(z), own.expand(-1, 6, -1))


def test_truncation_goes_to_the_mean_style_which_follows_in_training() -> None:
    G = small_generator(truncation=0.0)
    z = torch.randn(512, 16)
    G(z[:1])
    torch.testing.assert_close(G.mean_style, 0.005 * G.mapping(z[:1])[0])
    for _ in range(5):
        G.styles_of(z)
    before = G.mean_style.clone()
    G.eval()
    images = G(z[:3])
    torch.testing.assert_close(images, images[:1].expand(3, -1, -1, -1))
    assert torch.equal(G.mean_style, before)
    G.truncation = 1.0
    torch.testing.assert_close(G.styles_of(z)[:, 0], G.mapping(z))


def test_samples_are_truncated_by_a_factor_of_w() -> None:
    G = small_generator().eval()
    G.mean_style.fill_(0.3)
    z = torch.randn(4, 16)
    with G.truncated(0.5):
        torch.testing.assert_close(G.styles_of(z)[:, 0], 0.15 + 0.5 * G.mapping(z))
        torch.manual_seed(0)
        inside = G.prior(4)
    torch.manual_seed(0)
    assert torch.equal(G.prior(4), inside) and G.truncation == 1.0


def test_noise_has_no_strength_at_first() -> None:
    G = small_generator().eval()
    z = G.prior(2)
    assert torch.equal(G(z), G(z))
    with torch.no_grad():
        G.layers[-1].strength.fill_(0.1)
    assert not torch.equal(G(z), G(z))


def test_r1_takes_a_discriminator_that_mixes_samples_when_it_is_asked_to() -> None:
    """Its penalty is then of the gradient of the sum of all logits, with the terms across samples."""
    D = build("discriminator", **SMALL)
    R1 = PLUGINS.zoo.find("regularizer", "r1").load()
    with pytest.raises(IncompatibleError, match=r"mixes samples by MinibatchDeviation .*mixed_samples = true"):
        R1().check(D)
    R1().check(build("discriminator", **SMALL, group=0))
    penalty = R1(weight=2.0, every=16, mixed_samples=True)
    penalty.check(D)
    x = torch.randn(4, 1, 28, 28, requires_grad=True)
    (gradient,) = torch.autograd.grad(D(x).sum(), x)
    (alone,) = torch.autograd.grad(D(x)[0], x)
    assert alone[1:].any(), "a logit depends on the other samples"
    expected = gradient.flatten(1).square().sum(1).mean().item()
    assert penalty.terms(compared(D, x.detach(), x.detach()))["r1"].item() == pytest.approx(expected, rel=1e-5)


def test_the_logit_with_labels_is_an_inner_product_with_a_vector_of_unit_scale() -> None:
    D = build("discriminator", **SMALL, condition="projection")
    x, y = torch.randn(4, 1, 28, 28), torch.tensor([0, 0, 7, 7])
    logits = D(x, y)
    vectors = normalise(D.class_vectors.weight)[y]
    torch.testing.assert_close(logits, (D.head(D.features(x)) * vectors).sum(1) / math.sqrt(8))
    logits.sum().backward()
    assert D.class_vectors.weight.grad.abs().sum(1).nonzero().flatten().tolist() == [0, 7]
