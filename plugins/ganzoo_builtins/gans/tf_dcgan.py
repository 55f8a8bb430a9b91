"""DCGAN as TensorFlow-Examples' notebook `dcgan` has it, after Radford et al. 2016 (arXiv:1511.06434).

5x5 kernels as in the paper, but biases everywhere, a fully connected layer in the discriminator and batch norm at its
input. The discriminator ends in two logits, fake and real, under a softmax. With l = l_real - l_fake,

    cross-entropy for "real" = -log(e^l_real / (e^l_real + e^l_fake)) = softplus(-l),    for "fake" = softplus(l),

so the difference l is the single logit that every loss here takes, and both rows of weights are trained as there.

Batch norm has TensorFlow's defaults: eps 1e-3 and a momentum of 0.99, which is 0.01 in PyTorch's sense. Weights start
from Glorot's uniform distribution, biases from zero. Here 5x5 convolutions of stride 2 are padded by 2 on all sides;
TensorFlow's "same" padding has 1 before and 2 behind, which shifts the image by a pixel between layers.
"""

from functools import partial
from typing import Literal

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.requirements import need_multiple

norm1d = partial(nn.BatchNorm1d, eps=1e-3, momentum=0.01)
norm2d = partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)


class TFDCGANGenerator(Generator):
    """z -> x: one layer to a map of a quarter of the side, then two transposed convolutions. z is uniform on (-1, 1).

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        width: Channels of the larger map; the smaller one has twice as many.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 100, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_multiple("generator tf_dcgan", spec, 4)
        side = size // 4
        self.z_dim = z_dim
        size = 2 * width * side**2
        self.layers = nn.Sequential(
            nn.Linear(z_dim, size),
            norm1d(size),  # each position of the map separately
            nn.ReLU(),
            nn.Unflatten(1, (2 * width, side, side)),
            _up(2 * width, width),
            norm2d(width),
            nn.ReLU(),
            _up(width, channels),
            nn.Tanh(),
        )
        self.apply(_initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(z)  # (N, z_dim) -> (N, 2*width, H/4, W/4) -> (N, width, H/2, W/2) -> (N, C, H, W)

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class TFDCGANDiscriminator(Discriminator):
    """x -> two logits -> their difference.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of the first map.
        hidden: Width of the layer before the logits.
        norm: "none" leaves batch norm out, which penalties on the gradient at each sample require.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        hidden: PositiveInt = 1024,
        norm: Literal["batch", "none"] = "batch",
    ):
        super().__init__()
        channels, size = need_multiple("discriminator tf_dcgan", spec, 4)
        side = size // 4

        def after(normalise: nn.Module) -> list[nn.Module]:
            return [normalise, nn.LeakyReLU(0.2)] if norm == "batch" else [nn.LeakyReLU(0.2)]

        self.layers = nn.Sequential(
            *(_down(channels, width), *after(norm2d(width))),
            *(_down(width, 2 * width), *after(norm2d(2 * width))),
            nn.Flatten(),
            *(nn.Linear(2 * width * side**2, hidden), *after(norm1d(hidden))),
        )
        self.head = nn.Linear(hidden, 2)
        self.apply(_initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x)  # (N, C, H, W) -> (N, width, H/2, W/2) -> (N, 2*width, H/4, W/4) -> (N, hidden)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        fake, real = self.head(features).unbind(1)  # (N, hidden) -> (N, 2) -> (N,), (N,)
        return real - fake


def _up(n_in: int, n_out: int) -> nn.Module:
    """Return a layer that doubles the side."""
    return nn.ConvTranspose2d(n_in, n_out, 5, stride=2, padding=2, output_padding=1)


def _down(n_in: int, n_out: int) -> nn.Module:
    """Return a layer that halves the side."""
    return nn.Conv2d(n_in, n_out, 5, stride=2, padding=2)


def _initialise(module: nn.Module) -> None:
    """Draw weights as Glorot and Bengio 2010 do for symmetric units, and set biases to zero."""
    if isinstance(module, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.xavier_uniform_(module.weight)
        assert module.bias is not None
        nn.init.zeros_(module.bias)
