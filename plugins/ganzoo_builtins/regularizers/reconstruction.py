"""Self-supervision of a discriminator by reconstruction, FastGAN, Liu et al. 2021 (arXiv:2101.04775), section 3.2."""

from __future__ import annotations

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ganzoo import (
    AugmentedDiscriminator,
    Comparison,
    Discriminator,
    IncompatibleError,
    Regularizer,
    Spec,
    Terms,
    eval_mode,
)

NAME = "regularizer reconstruction"
WIDTHS = (128, 64, 64, 32)  # of the decoder's maps, the smallest first
MOST = 128  # side of a rebuilt picture


class Reconstruction(Regularizer):
    """Term weight * (E |decoder_1(f_1) - quadrant| + E |decoder_2(f_2) - x|) for real samples x alone.

    Decoders rebuild an image from the discriminator's last map f_2, and a random quadrant of it from that quadrant of
    the map before, f_1. They are added to the discriminator and trained with it. It has to see the whole image, and
    cannot remember few images by a few pixels. Augmented samples are rebuilt as they are seen.

    Args:
        weight: Weight of the term. The paper, whose distance is a perceptual one, names none.
        every: Steps from one computation of the term to the next; it is multiplied by as many.
    """

    def __init__(self, weight: NonNegativeFloat = 1.0, every: PositiveInt = 1):
        self.weight = weight
        self.every = every
        self.decoders: tuple[nn.Module, ...] = ()  # in a tuple, since they belong to the discriminator

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        maps = _maps(discriminator, spec) if getattr(generator, "z_dim", 0) and spec.is_image else []
        if len(maps) < 2 or any(features.dim() != 4 or features.shape[2] < 2 for features in maps[-2:]):
            raise IncompatibleError(
                f"{NAME} rebuilds images from the last two maps of layer_features(), and "
                f"{type(discriminator).__name__} has none for these samples: use fastgan, or leave it out."
            )
        side = min(spec.shape[1] // 2, MOST)  # of a quadrant
        decoders = nn.ModuleList(
            Decoder(features.shape[1], spec.shape[0], start, side)
            for features, start in zip(maps[-2:], (maps[-2].shape[2] // 2, maps[-1].shape[2]), strict=True)
        )
        discriminator.rebuild = decoders.to(next(discriminator.parameters()))
        self.decoders = (*decoders,)

    def terms(self, comparison: Comparison) -> Terms:
        if not self.decoders:
            return {}
        x, network = comparison.real, comparison.discriminator
        if isinstance(network, AugmentedDiscriminator):
            x, network = network.augment(x), network.network
        assert isinstance(network, Discriminator)
        *_, before, last = network.layer_features(x, comparison.real_labels)
        part, target = same_quadrant(before, x)  # (N, n, h/2, w/2), (N, C, H/2, W/2)
        distances = [
            (rebuilt.float() - interpolate(picture, rebuilt.shape[2:], mode="area")).abs().mean()
            for rebuilt, picture in ((self.decoders[0](part), target), (self.decoders[1](last), x))
        ]
        return {"reconstruction": self.weight * torch.stack(distances).sum()}


class Decoder(nn.Sequential):
    """A map to a picture by doublings of the side: (N, n_in, h, w) -> (N, channels, size, size).

    Args:
        n_in: Channels of the map.
        channels: Channels of the picture.
        start: Side of the map.
        size: Side of the picture.
    """

    def __init__(self, n_in: int, channels: int, start: int, size: int):
        layers: list[nn.Module] = []
        doublings = max(0, (size // start).bit_length() - 1)
        for k in range(doublings):
            n_out = min(n_in, WIDTHS[min(k, len(WIDTHS) - 1)])
            convolution = nn.Conv2d(n_in, 2 * n_out, 3, padding=1, bias=False)
            layers += [nn.Upsample(scale_factor=2), convolution, nn.BatchNorm2d(2 * n_out), nn.GLU(dim=1)]
            n_in = n_out
        super().__init__(*layers, nn.Conv2d(n_in, channels, 3, padding=1, bias=False), nn.Tanh())


def same_quadrant(*maps: Tensor) -> list[Tensor]:
    """Return one of the four quadrants of each map or image, the same and at random: (N, n, H, W) -> half of each."""
    row, column = torch.randint(2, (2,), device="cpu").tolist()
    return [x.tensor_split(2, dim=2)[row].tensor_split(2, dim=3)[column] for x in maps]


def _maps(discriminator: nn.Module, spec: Spec) -> list[Tensor]:
    """Return the features of all layers for two empty samples."""
    if not isinstance(discriminator, Discriminator):
        return []
    parameter = next(discriminator.parameters())
    x = torch.zeros(2, *spec.shape, device=parameter.device, dtype=parameter.dtype)
    y = torch.zeros(2, dtype=torch.long, device=parameter.device) if discriminator.conditional else None
    with eval_mode(discriminator), torch.random.fork_rng(enabled=not parameter.is_meta):
        return [*discriminator.layer_features(x, y)]
