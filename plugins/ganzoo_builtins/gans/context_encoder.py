"""Context Encoders, Pathak et al. 2016 (arXiv:1604.07379): the middle of a picture, from its surroundings.

The networks are those of the authors' Torch code. The encoder takes the picture with its hole filled by the mean
colour, halves it repeatedly, and ends in a layer of 4000 units that see all of it; the decoder doubles that up to the
size of the hole. The discriminator is that of DCGAN; it sees the content of the hole, and nothing around it.

    L = 0.999 |b - G(a)|^2 + 0.001 * adversarial

The generator generates the middle half of each side. The hole in its input is smaller by a band on all sides. In the
band it sees what it should generate, and errors count ten times as much, which avoids a visible seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, Generator, IncompatibleError, Move, Spec
from ganzoo_builtins.gans.dcgan import initialise
from ganzoo_builtins.gans.requirements import halved, need_square_image
from ganzoo_builtins.procedures.translating import AdversarialTranslator
from ganzoo_builtins.transforms.mask import Mask


class ContextEncoderGenerator(Generator):
    """A picture with a hole -> its middle half: 4x4 convolutions of stride 2 down, transposed ones up.

    The side of the output must be 3 to 7 times a power of two from 2 up, such as 14, 16, 32 or 64; the picture is twice
    as large.

    Args:
        spec: Shape, kind and classes of the samples.
        source: Spec of the inputs; by default twice the output's side.
        width: Channels next to the picture; 64 makes 512 at the innermost layer of a 128x128 picture.
        bottleneck: Number of units of the layer that sees all of the picture.
    """

    def __init__(self, spec: Spec, source: Spec | None = None, width: PositiveInt = 64, bottleneck: PositiveInt = 4000):
        super().__init__()
        channels, size = need_square_image("generator context_encoder", spec)
        self.source_shape = (channels, 2 * size, 2 * size)
        if source and source.shape != self.source_shape:
            raise IncompatibleError(
                f"generator context_encoder makes the middle half of {self.source_shape}, not of {source.shape}: use "
                'it in the procedure "context_encoder".'
            )
        start, halvings = _stages(size)
        widths = [width, *(width * 2**i for i in range(halvings))]  # 64, 64, 128, 256, 512
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for n_in, n_out in pairwise(widths):
            layers += [nn.Conv2d(n_in, n_out, 4, stride=2, padding=1), nn.BatchNorm2d(n_out), nn.LeakyReLU(0.2)]
        layers += [nn.Conv2d(widths[-1], bottleneck, start), nn.BatchNorm2d(bottleneck), nn.LeakyReLU(0.2)]
        layers += [nn.ConvTranspose2d(bottleneck, widths[-1], start), nn.BatchNorm2d(widths[-1]), nn.ReLU()]
        for n_in, n_out in pairwise(reversed(widths[1:])):
            layers += [nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1), nn.BatchNorm2d(n_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), nn.Tanh())
        self.apply(initialise)

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, 2H, 2W) -> (N, width, H, W) -> ... -> (N, 8*width, 4, 4) -> (N, bottleneck, 1, 1)
        # -> (N, 8*width, 4, 4) -> ... -> (N, width, H/2, W/2) -> (N, C, H, W)
        return self.layers(a)


class ContextEncoder(AdversarialTranslator):
    """Context Encoders: Feature Learning by Inpainting (arXiv:1604.07379), section 3.2, for holes in the centre.

    The discriminator moves, then the generator, on one batch. Samples are whole pictures with the generated part pasted
    in.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        overlap: Width of the band in pixels; 4 in the code, for 128 pixels.
        border: Weight of errors in the band, relative to those in the hole.
        weight: Weight of the adversarial term; the distance has the weight 1 - `weight`.

    Raises:
        IncompatibleError: The pictures have no middle half with room for a hole, or a network is conditional.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        overlap: NonNegativeInt = 4,
        border: PositiveFloat = 10.0,
        weight: NonNegativeFloat = 0.001,
    ):
        super().__init__(spec)
        channels, side = need_square_image("procedure context_encoder", spec)
        half = side // 2
        if side % 4 or overlap >= half // 2:
            raise IncompatibleError(
                f"procedure context_encoder needs a side divisible by 4 with room for a hole in its half, not {side}: "
                "add dataset.size=32 or another multiple of 4, or set procedure.overlap to less."
            )
        self.mask = Mask((half - 2 * overlap) / side)
        self.middle = slice(side // 4, side // 4 + half)
        middle = Spec((channels, half, half), spec.classes)
        self.G = self.make(generator, middle)
        self.D = discriminator(middle)
        self.loss = loss()
        self.weight = weight
        cost = torch.full((half, half), float(border))
        cost[overlap : half - overlap, overlap : half - overlap] = 1
        self.register_buffer("cost", cost, persistent=False)
        self.cost: Tensor
        self.finish("context_encoder", regularizer, middle)

    def pairs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        return self.mask(batch["x"]), batch["x"]

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        """Replace the middle of pictures (N, C, H, W), whatever it shows."""
        return self._paste(a, self.G(self.mask(a)))

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        a, x = self.pairs(next(data))
        b = x[..., self.middle, self.middle]  # (N, C, H, W) -> (N, C, H/2, W/2)
        fake = self.G(a)
        yield self.discriminator_move(a, b, fake, t)
        self.regularizers.project()
        real, judged = self.D(b) if self.loss.uses_real else None, self.D(fake)
        own = {
            "adversarial": self.weight * self.loss.generator(real, judged),
            "l2": (1 - self.weight) * (self.cost * (fake - b).square()).mean(),
        }
        comparison = self.comparison(a, b, fake, t, real_logits=real, fake_logits=judged)
        yield {"generator": self.regularizers.generator_terms(comparison, own)}

    def _paste(self, a: Tensor, middle: Tensor) -> Tensor:
        picture = a.clone()
        picture[..., self.middle, self.middle] = middle.to(a.dtype)
        return picture


def _stages(size: int) -> tuple[int, int]:
    """Return the side of the innermost map and how often it doubles: 14 -> (7, 1), 16 -> (4, 2), 64 -> (4, 4)."""
    start, doublings = halved(size, 4)
    if start not in range(3, 8) or doublings < 1:
        raise IncompatibleError(
            "generator context_encoder generates images whose side is 3 to 7 times a power of two from 2 up, such as "
            f"14, 16, 32 or 64, in pictures of twice that, not {size}: add dataset.size=64."
        )
    return start, doublings
