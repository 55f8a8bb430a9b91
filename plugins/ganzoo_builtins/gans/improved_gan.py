"""The networks for MNIST of "Improved Techniques for Training GANs", Salimans et al. 2016 (arXiv:1606.03498).

They are the fully connected ones of the authors' code for semi-supervised learning on digits. The authors' pixels are
in [0, 1]: the generator's sigmoid is mapped to [-1, 1], and the discriminator maps back. Weights start from
N(0, 2 / fan_in), where the authors set the norms of the weights by a first batch.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils.parametrizations import weight_norm

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.requirements import need_numbers
from ganzoo_builtins.layers.gaussian_noise import GaussianNoise


class Normalised(nn.Module):
    """A linear layer, batch norm that shifts but does not scale, and softplus."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.linear = nn.Linear(n_in, n_out, bias=False)
        self.norm = nn.BatchNorm1d(n_out, affine=False)
        self.shift = nn.Parameter(torch.zeros(n_out))

    def forward(self, x: Tensor) -> Tensor:
        return softplus(self.norm(self.linear(x)) + self.shift)  # (N, n_in) -> (N, n_out)


class ImprovedGANGenerator(Generator):
    """z -> x through hidden layers with softplus and batch norm. z is uniform on (0, 1).

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        hidden: Widths of the hidden layers.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 100, hidden: Sequence[PositiveInt] = (500, 500)):
        super().__init__()
        need_numbers("generator improved_gan", spec)
        self.z_dim = z_dim
        self.shape = spec.shape
        self.is_image = spec.is_image
        widths = [z_dim, *hidden]
        self.layers = nn.Sequential(*(Normalised(n_in, n_out) for n_in, n_out in pairwise(widths)))
        self.out = nn.Linear(widths[-1], spec.size)
        self.apply(_initialise)
        weight_norm(self.out)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.out(self.layers(z))  # (N, z_dim) -> (N, hidden[-1]) -> (N, size)
        return (2 * x.sigmoid() - 1 if self.is_image else x).unflatten(1, self.shape)  # -> (N, *shape)

    def prior(self, n: int) -> Tensor:
        return torch.rand(n, self.z_dim, device=self.out.bias.device)


class ImprovedGANDiscriminator(Discriminator):
    """x -> logit through hidden layers with ReLU, weight norm, and noise in front of each.

    Args:
        spec: Shape, kind and classes of the samples.
        hidden: Widths of the hidden layers.
        noise: Standard deviation of the noise on x, whose pixels are in [0, 1] here.
        hidden_noise: Standard deviation of the noise on hidden layers.
    """

    def __init__(
        self,
        spec: Spec,
        hidden: Sequence[PositiveInt] = (1000, 500, 250, 250, 250),
        noise: NonNegativeFloat = 0.3,
        hidden_noise: NonNegativeFloat = 0.5,
    ):
        super().__init__()
        need_numbers("discriminator improved_gan", spec)
        self.is_image = spec.is_image
        layers: list[nn.Module] = [nn.Flatten()]
        for i, (n_in, n_out) in enumerate(pairwise([spec.size, *hidden])):
            layers += [GaussianNoise(hidden_noise if i else noise), nn.Linear(n_in, n_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers)
        self.noise = GaussianNoise(hidden_noise)
        self.head = nn.Linear(layers[-2].out_features, 1)  # type: ignore[arg-type]
        self.apply(_initialise)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                weight_norm(layer)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers((x + 1) / 2 if self.is_image else x)  # (N, *shape) -> (N, hidden[-1])

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.noise(features)).squeeze(1)  # (N, hidden[-1]) -> (N, 1) -> (N,)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
