"""The fully connected GAN, after Goodfellow et al. 2014 (arXiv:1406.2661), in the layers of PyTorch-GAN's `gan`."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from pydantic import PositiveFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Encoder, Generator, Spec
from ganzoo_builtins.gans.requirements import need_numbers


class MLPGenerator(Generator):
    """z -> x through widening layers with LeakyReLU 0.2; batch norm in all of them but the first.

    Images end in a tanh, points do not. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        hidden: Widths of the hidden layers.
        norm: "none" leaves batch norm out, as small toy problems need.
        bn_eps: Epsilon, which batch norm adds to the variance. PyTorch-GAN passes 0.8 as eps, meaning the momentum, and
            so normalises only weakly. 1e-5, PyTorch's default, is the repaired value.
    """

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        hidden: Sequence[PositiveInt] = (128, 256, 512, 1024),
        norm: Literal["batch", "none"] = "batch",
        bn_eps: PositiveFloat = 0.8,
    ):
        super().__init__()
        need_numbers("generator mlp", spec)
        self.z_dim = z_dim
        self.shape = spec.shape
        widths = [z_dim, *hidden]
        layers: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            layers.append(nn.Linear(n_in, n_out))
            if norm == "batch" and i > 0:
                layers.append(nn.BatchNorm1d(n_out, eps=bn_eps))
            layers.append(nn.LeakyReLU(0.2))
        layers.append(nn.Linear(widths[-1], spec.size))
        if spec.is_image:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(z).unflatten(1, self.shape)  # (N, z_dim) -> (N, size) -> (N, *shape)


class MLPDiscriminator(Discriminator):
    """x -> logit through narrowing layers with LeakyReLU 0.2.

    Args:
        spec: Shape, kind and classes of the samples.
        hidden: Widths of the hidden layers.
        norm: "batch" normalises each of them, as VAE-GAN's code does for MNIST.
        depth: Number of hidden layers after which the features are taken; by default all of them.
    """

    def __init__(
        self,
        spec: Spec,
        hidden: Sequence[PositiveInt] = (512, 256),
        norm: Literal["batch", "none"] = "none",
        depth: PositiveInt | None = None,
    ):
        super().__init__()
        need_numbers("discriminator mlp", spec)
        widths = [spec.size, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for n_in, n_out in pairwise(widths):
            layers += [nn.Linear(n_in, n_out), *([nn.BatchNorm1d(n_out)] if norm == "batch" else []), nn.LeakyReLU(0.2)]
        depth_end = len(layers) if depth is None else 1 + depth * (3 if norm == "batch" else 2)
        self.layers = nn.Sequential(*layers[:depth_end])
        self.head: nn.Module = nn.Linear(widths[-1], 1)
        if layers[depth_end:]:
            self.head = nn.Sequential(*layers[depth_end:], self.head)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x)  # (N, *shape) -> (N, hidden[-1])

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, hidden[-1]) -> (N, 1) -> (N,)


class MLPEncoder(Encoder):
    """x -> mean and log-variance of z through layers with LeakyReLU 0.2.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the code.
        hidden: Widths of the hidden layers; twice 1024 in VAE-GAN's code (arXiv:1512.09300) for MNIST.
        norm: "batch" normalises each of them, "none" leaves batch norm out.
    """

    probabilistic = True

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 100,
        hidden: Sequence[PositiveInt] = (1024, 1024),
        norm: Literal["batch", "none"] = "batch",
    ):
        super().__init__()
        need_numbers("encoder mlp", spec)
        self.z_dim = z_dim
        widths = [spec.size, *hidden]
        layers: list[nn.Module] = [nn.Flatten()]
        for n_in, n_out in pairwise(widths):
            layers += [nn.Linear(n_in, n_out), *([nn.BatchNorm1d(n_out)] if norm == "batch" else []), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.mean = nn.Linear(widths[-1], z_dim)
        self.logvar = nn.Linear(widths[-1], z_dim)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.mean(self.layers(x))  # (N, *shape) -> (N, hidden[-1]) -> (N, z_dim)

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        hidden = self.layers(x)  # (N, *shape) -> (N, hidden[-1])
        return self.mean(hidden), self.logvar(hidden)  # (N, z_dim) each
