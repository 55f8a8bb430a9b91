"""BigGAN: sizes, class vectors and chunks of z in each batch norm, truncation, and its blocks."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.gans.biggan import SharedBatchNorm2d
from helpers.support import PLUGINS

DIGITS = Spec((1, 28, 28), classes=10)


def build(kind: str, spec: Spec = DIGITS, **settings: Any) -> Any:
    torch.manual_seed(0)
    return PLUGINS.zoo.find(kind, "biggan").load()(spec, **settings)


def small_generator(**settings: Any) -> Any:
    return build("generator", **{"width": 8, "z_dim": 12, "shared": 5, **settings})


@pytest.mark.parametrize(
    ("spec", "width", "settings", "generator", "discriminator"),
    [
        (Spec((3, 32, 32), classes=10), 256, {"z_dim": 128, "shared": 0}, 4_304_387, 4_207_361),
        (Spec((3, 32, 32), classes=10), 384, {"z_dim": 80}, 9_231_875, 9_456_769),
        (Spec((1, 32, 32), classes=10), 32, {"z_dim": 32, "shared": 0}, 79_745, 66_529),
    ],
    ids=str,
)
def test_sizes(spec: Spec, width: int, settings: dict[str, int], generator: int, discriminator: int) -> None:
    with torch.device("meta"):
        networks = build("generator", spec, width=width, **settings), build("discriminator", spec, width=width)
    assert [sum(p.numel() for p in net.parameters()) for net in networks] == [generator, discriminator]


@pytest.mark.parametrize(("side", "chunks"), [(28, 3), (32, 4), (64, 5), (128, 6)])
def test_the_papers_noise_divides_into_chunks_at_every_size(side: int, chunks: int) -> None:
    with torch.device("meta"):
        generator = build("generator", Spec((3, side, side), classes=10))
    assert (generator.z_dim, generator.chunk) == (120, 120 // chunks)


def test_noise_that_does_not_divide_is_refused_with_the_next_that_does() -> None:
    with pytest.raises(IncompatibleError, match=r"into 3 equal chunks, and z_dim is 80: add generator\.z_dim=78"):
        small_generator(z_dim=80)


def test_each_chunk_of_noise_reaches_its_block_and_those_behind_it() -> None:
    generator = small_generator().eval()
    for module in generator.modules():
        if isinstance(module, SharedBatchNorm2d):
            nn.init.normal_(module.gain.weight)
    maps: list[torch.Tensor] = []
    for layer in (generator.first, *generator.blocks):
        layer.register_forward_hook(lambda _, __, output: maps.append(output))
    z, y = torch.randn(2, 12), torch.tensor([1, 3])
    generator(z, y)
    before, unchanged = maps[:], []
    for chunk in range(3):
        maps.clear()
        other = z.clone()
        other[:, 4 * chunk : 4 * chunk + 4] += 1
        generator(other, y)
        unchanged.append([torch.equal(a, b) for a, b in zip(before, maps, strict=True)])
    assert unchanged == [[False, False, False], [True, False, False], [True, True, False]]


def test_one_vector_of_the_class_serves_all_layers() -> None:
    generator = small_generator()
    assert [name for name, module in generator.named_modules() if isinstance(module, nn.Embedding)] == ["embedding"]
    x = generator(torch.randn(4, 12), torch.tensor([2, 2, 5, 5]))
    (x * torch.randn_like(x)).sum().backward()
    assert generator.embedding.weight.grad.abs().sum(1).nonzero().flatten().tolist() == [2, 5]


def test_gains_are_one_and_what_the_condition_adds() -> None:
    layer = SharedBatchNorm2d(3, 4)
    x, condition = torch.randn(5, 3, 2, 2), torch.zeros(5, 4)
    torch.testing.assert_close(layer(x, condition), nn.BatchNorm2d(3)(x))
    condition[1] = 1.0
    gain, bias = layer.gain.weight.sum(1), layer.bias.weight.sum(1)  # (3,), (3,)
    expected = layer.norm(x)[1] * (1 + gain)[:, None, None] + bias[:, None, None]
    torch.testing.assert_close(layer(x, condition)[1], expected)
    assert layer.gain.bias is None and layer.bias.bias is None


def test_without_vectors_each_batch_norm_has_a_table_of_the_classes() -> None:
    generator = small_generator(shared=0)
    tables = [module for module in generator.modules() if isinstance(module, nn.Embedding)]
    assert len(tables) == 2 * 2 * len(generator.blocks)
    assert generator.first[0].in_features == generator.z_dim == 12


def test_noise_is_truncated_in_evaluation_mode_alone() -> None:
    generator = small_generator(truncation=1.0)
    torch.manual_seed(0)
    assert generator.prior(5000).std().item() == pytest.approx(1, abs=0.01)
    z = generator.eval().prior(5000)
    assert z.abs().max() <= 1
    assert z.std().item() == pytest.approx(0.53956, abs=0.005)
    assert small_generator().eval().prior(5000).abs().max() > 3


def test_spectral_norm_of_both_leaves_the_class_vectors_of_the_generator_alone() -> None:
    generator, discriminator = small_generator(), build("discriminator", width=8)
    spectral_norm = PLUGINS.zoo.find("regularizer", "spectral_norm").load()(players="both")
    spectral_norm.attach(discriminator, generator, DIGITS)
    assert not parametrize.is_parametrized(generator.embedding)
    assert parametrize.is_parametrized(generator.blocks[0].norms[0].gain)
    assert parametrize.is_parametrized(discriminator.head.class_vectors)


def test_a_shortcut_keeps_its_input() -> None:
    discriminator = build("discriminator", width=8)
    block = discriminator.blocks[2]
    for convolution in block.convolutions:
        nn.init.zeros_(convolution.weight)
        nn.init.zeros_(convolution.bias)
    x = torch.randn(2, 8, 7, 7)
    assert torch.equal(block(x), x)
    assert discriminator.features(torch.randn(2, 1, 28, 28)).shape == (2, 8)
