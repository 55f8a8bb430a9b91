"""SRGAN, Ledig et al. 2017 (arXiv:1609.04802): small images to larger ones, in two stages.

The generator's 16 residual blocks work at the small size; layers that rearrange channels into pixels (PixelShuffle)
double it as often as needed. First the generator alone minimises the distance to the truth (SRResNet), which blurs
what is uncertain. Then a discriminator joins:

    L = content + 0.001 * adversarial

In the paper content is 0.006 |phi(b) - phi(G(a))|^2, of the features phi of a VGG trained on photographs. Here phi is
the discriminator's features, which need no download. They change as the discriminator learns, so their distance is
relative to their size, and the distance of pixels is kept as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from ganzoo import AugmentedDiscriminator, Batch, Blueprint, Discriminator, Generator, IncompatibleError, Move, Spec
from ganzoo_builtins.gans.requirements import need_image
from ganzoo_builtins.procedures.translating import AdversarialTranslator
from ganzoo_builtins.procedures.translation import DISTANCES

SCALE = 4  # when the size of the input is not given


class SRGANGenerator(Generator):
    """a -> b, larger by a power of two: residual blocks, then PixelShuffle, then a 9x9 convolution.

    The paper's last layer is linear; here a tanh keeps pixels in their range. Batch norm is as in the paper. Inputs may
    have any size.

    Args:
        spec: Shape, kind and classes of the samples.
        source: Spec of the inputs; by default a quarter of the output's side.
        width: Channels of every map.
        blocks: Number of residual blocks.
    """

    multiple = 1

    def __init__(self, spec: Spec, source: Spec | None = None, width: PositiveInt = 64, blocks: PositiveInt = 16):
        super().__init__()
        channels, height, w = need_image("generator srgan", spec)
        source_channels, *small = source.shape if source else (channels, height // SCALE, w // SCALE)
        self.source_shape = (source_channels, *small)
        scale = height // small[0]
        if scale < 2 or scale & (scale - 1) or tuple(scale * side for side in small) != (height, w):
            raise IncompatibleError(
                f"generator srgan enlarges by 2, 4, 8, ..., and not {self.source_shape} to {spec.shape}: use "
                '[transform] use = "downscale" with such a factor, and images whose side it divides.'
            )
        self.first = nn.Sequential(nn.Conv2d(source_channels, width, 9, padding=4), nn.PReLU())
        self.blocks = nn.Sequential(*(_Residual(width) for _ in range(blocks)))
        self.after = nn.Sequential(nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width))
        doublings: list[nn.Module] = []
        for _ in range(scale.bit_length() - 1):
            doublings += [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU()]
        self.last = nn.Sequential(*doublings, nn.Conv2d(width, channels, 9, padding=4), nn.Tanh())

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.first(a)  # (N, C, H/4, W/4) -> (N, width, H/4, W/4)
        x = x + self.after(self.blocks(x))
        return self.last(x)  # -> (N, width, H/2, W/2) -> (N, width, H, W) -> (N, C, H, W)


class _Residual(nn.Module):
    """x + f(x), with a PReLU that learns one slope for all channels."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
            nn.PReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.BatchNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class SRGANDiscriminator(Discriminator):
    """x -> logit: 3x3 convolutions, every second of stride 2, then a layer of 1024 units.

    Batch norm in all but the first, LeakyReLU 0.2.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image; the innermost map has eight times as many.
        hidden: Widths of the layers before the logit.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64, hidden: Sequence[PositiveInt] = (1024,)):
        super().__init__()
        channels, height, w = need_image("discriminator srgan", spec)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2)]
        n_in = width
        for n_out, stride in ((1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (8, 1), (8, 2)):
            layers += [nn.Conv2d(n_in, n_out * width, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out * width)]
            layers.append(nn.LeakyReLU(0.2))
            n_in = n_out * width
        for _ in range(4):
            height, w = (height + 1) // 2, (w + 1) // 2
        self.layers = nn.Sequential(*layers, nn.Flatten())
        widths = [n_in * height * w, *hidden]
        dense: list[nn.Module] = []
        for n_in, n_out in pairwise(widths):
            dense += [nn.Linear(n_in, n_out), nn.LeakyReLU(0.2)]
        self.hidden = nn.Sequential(*dense)
        self.head = nn.Linear(widths[-1], 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> ... -> (N, 8*width, H/16, W/16) -> (N, hidden[-1])
        return self.hidden(self.layers(x))

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, hidden[-1]) -> (N, 1) -> (N,)


class SRGAN(AdversarialTranslator):
    """Photo-Realistic Single Image Super-Resolution Using a GAN (arXiv:1609.04802), sections 2.1 and 2.2.

    For `pretrain` steps the generator moves alone and minimises the distance of pixels. Then the discriminator
    moves, and the generator after it, on one batch.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        transform: Blueprint of the transform that makes inputs out of samples; None for a dataset of pairs.
        pretrain: Number of steps of the first stage.
        weight: Weight of the adversarial term.
        features: Weight of the distance of features; 0 leaves that of pixels alone.
        distance: Of pixels: "l2", or "l1" as in ESRGAN, which blurs less.

    Raises:
        IncompatibleError: The generator does not fit the inputs, or a network is conditional.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        transform: Blueprint | None = None,
        pretrain: NonNegativeInt = 1_000_000,
        weight: NonNegativeFloat = 1e-3,
        features: NonNegativeFloat = 0.006,
        distance: Literal["l2", "l1"] = "l2",
    ):
        super().__init__(spec, transform)
        self.G = self.make(generator)
        self.D = discriminator(spec)
        self.loss = loss()
        self.pretrain = pretrain
        self.weight = weight
        self.features = features
        self.distance = DISTANCES[distance]
        self.finish("srgan", regularizer, spec)
        if features and isinstance(self.D, AugmentedDiscriminator):
            raise IncompatibleError(
                "procedure srgan compares the features of an output with those of its target, and [[augmentation]] "
                "would change the two in different ways: set procedure.features=0, or leave it out."
            )

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        a, b = self.pairs(next(data))
        fake = self.G(a)  # (N, C, H/4, W/4) -> (N, C, H, W)
        if t < self.pretrain:
            yield {"generator": {"pixels": self.distance(fake, b)}}
            return
        yield self.discriminator_move(a, b, fake, t)
        self.regularizers.project()
        real, judged = self.D(b) if self.loss.uses_real else None, self.D(fake)
        own = {"adversarial": self.weight * self.loss.generator(real, judged), "pixels": self.distance(fake, b)}
        if self.features:
            own["features"] = self.features * self._features_distance(fake, b)
        comparison = self.comparison(a, b, fake, t, real_logits=real, fake_logits=judged)
        yield {"generator": self.regularizers.generator_terms(comparison, own)}

    def _features_distance(self, fake: Tensor, b: Tensor) -> Tensor:
        """Return the squared distance of features relative to their square, () of about 0 to 2."""
        with torch.no_grad():
            target = self.D.features(b)  # (N, width)
        return mse_loss(self.D.features(fake), target) / target.square().mean().clamp_min(1e-8)
