"""pix2pix's networks: the published sizes, what a patch is, and images of other sizes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ganzoo import IncompatibleError, Spec
from ganzoo_builtins.gans.pix2pix import Pix2pixDiscriminator, Pix2pixGenerator


def size(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize("norm", ["batch", "instance"])
def test_networks_have_the_published_size(norm: str) -> None:
    with torch.device("meta"):
        assert size(Pix2pixGenerator(Spec((3, 256, 256)), norm=norm)) == 54_413_955  # type: ignore[arg-type]
        assert size(Pix2pixDiscriminator(Spec((6, 256, 256)), norm=norm)) == 2_768_705  # type: ignore[arg-type]


@pytest.mark.parametrize(("layers", "patch"), [(1, 16), (2, 34), (3, 70)])
def test_a_logit_sees_a_patch_of_so_many_pixels(layers: int, patch: int) -> None:
    """By the gradient of one logit; norms would carry it further, and are left out."""
    D = Pix2pixDiscriminator(Spec((1, 128, 128)), width=2, layers=layers, norm="none")
    x = torch.rand(1, 1, 128, 128, requires_grad=True)
    logits = D(x)
    middle = logits.shape[-1] // 2
    logits[0, 0, middle, middle].backward()
    seen = x.grad[0, 0].abs() > 0  # type: ignore[index]
    assert int(seen.any(0).sum()) == int(seen.any(1).sum()) == patch


def test_at_256_pixels_there_are_30_by_30_patches() -> None:
    with torch.device("meta"):
        D = Pix2pixDiscriminator(Spec((6, 256, 256)))
        assert D(torch.empty(2, 6, 256, 256)).shape == (2, 1, 30, 30)


@pytest.mark.parametrize("sides", [(8, 8), (28, 28), (32, 32), (64, 64), (30, 20), (37, 53)])
def test_images_of_any_size_will_do(sides: tuple[int, int]) -> None:
    G = Pix2pixGenerator(Spec((3, *sides)), Spec((1, *sides)), width=2)
    assert len(G.down) == min(sides).bit_length() - 1
    assert G(torch.rand(2, 1, *sides)).shape == (2, 3, *sides)


def test_the_middle_of_the_network_is_one_pixel_and_the_last_skip_is_next_to_the_image() -> None:
    G = Pix2pixGenerator(Spec((1, 32, 32)), width=4)
    shapes: list[torch.Size] = []
    for layer in [*G.down, *G.up]:
        layer.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape[1:]))
    G(torch.rand(2, 1, 32, 32))
    assert [tuple(shape) for shape in shapes] == [
        *[(4, 16, 16), (8, 8, 8), (16, 4, 4), (32, 2, 2), (32, 1, 1)],
        *[(32, 2, 2), (16, 4, 4), (8, 8, 8), (4, 16, 16)],
    ]


def test_dropout_is_noise_after_training_too() -> None:
    a = torch.rand(2, 1, 32, 32)
    noisy, quiet = Pix2pixGenerator(Spec((1, 32, 32)), width=4), Pix2pixGenerator(Spec((1, 32, 32)), width=4, dropout=0)
    with torch.no_grad():
        noisy.eval(), quiet.eval()
        assert not torch.equal(noisy(a), noisy(a))
        assert torch.equal(quiet(a), quiet(a))


def test_what_does_not_fit_says_what_would() -> None:
    with pytest.raises(
        IncompatibleError, match=r"halves the image 6 times, and 32x32 can be halved 5 times.*dataset.size=64"
    ):
        Pix2pixGenerator(Spec((1, 32, 32)), levels=6)
    with pytest.raises(IncompatibleError, match=r"needs 3 pixels to be left.*dataset.size=24"):
        Pix2pixDiscriminator(Spec((1, 16, 16)))
