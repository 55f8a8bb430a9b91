"""The convolutional networks of GMAN (arXiv:1611.01673), in the layers of its authors' code.

A generator that doubles its map three times, and a shallow discriminator with dropout, which the procedure `gman` can
make another for each of several. Departures: the generator's first layer reaches all of its map, where the code's
kernel of 3 leaves an edge of biases; batch norm in the generator alone.
"""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.fits import need_multiple


class GMANGenerator(Generator):
    """z -> x by four transposed convolutions with ReLU, a tanh at the end. z is uniform on (-1, 1).

    width: channels of the map next to the image; the two before it have twice and four times as many.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 100, width: PositiveInt = 32):
        super().__init__()
        channels, size = need_multiple("generator gman", spec, 8, suggested=32)
        self.z_dim = z_dim
        widths = 4 * width, 2 * width, width
        layers: list[nn.Module] = [nn.ConvTranspose2d(z_dim, widths[0], size // 8)]
        for n_in, n_out in zip(widths, (*widths[1:], channels), strict=True):
            layers += [nn.BatchNorm2d(n_in), nn.ReLU()]
            layers.append(nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1))
        self.layers = nn.Sequential(*layers, nn.Tanh())

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, z_dim, 1, 1) -> (N, 4*width, H/8, W/8) -> (N, 2*width, H/4, W/4) -> (N, width, H/2, W/2) -> (N, C, H, W)
        return self.layers(z[:, :, None, None])

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class GMANDiscriminator(Discriminator):
    """x -> logit by three 3x3 convolutions, two of them of stride 2, with LeakyReLU 0.2 and dropout.

    width: channels of the first; the others have twice and four times as many. dropout: the share of units dropped.
    """

    def __init__(self, spec: Spec, width: PositiveInt = 32, dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5):
        super().__init__()
        channels, size = need_multiple("discriminator gman", spec, 8, suggested=32)
        layers: list[nn.Module] = []
        for n_in, n_out, stride in ((channels, width, 2), (width, 2 * width, 2), (2 * width, 4 * width, 1)):
            layers += [nn.Conv2d(n_in, n_out, 3, stride, padding=1), nn.LeakyReLU(0.2), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(4 * width * (size // 4) ** 2, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H/2, W/2) -> (N, 2*width, H/4, W/4) -> (N, 4*width, H/4, W/4) -> (N, width*H*W/4)
        return self.layers(x)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.features(x)).squeeze(1)  # (N, width*H*W/4) -> (N, 1) -> (N,)
