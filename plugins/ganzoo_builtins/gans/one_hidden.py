"""The smallest GAN for images, one hidden layer in each network, as TensorFlow-Examples' `gan` has it.

It stands for Goodfellow et al. 2014 (arXiv:1406.2661) in many tutorials; the paper's own networks are larger.
"""

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, Spec


class OneHiddenGenerator(Generator):
    """z -> hidden, ReLU -> pixels, sigmoid. z is uniform on (-1, 1).

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise.
        hidden: Width of the hidden layer.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 100, hidden: PositiveInt = 256):
        super().__init__()
        _need_image("generator one_hidden", spec)
        self.z_dim = z_dim
        self.shape = spec.shape
        self.hidden = nn.Linear(z_dim, hidden)
        self.out = nn.Linear(hidden, spec.size)
        self.apply(_initialise)

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.out(self.hidden(z).relu()).sigmoid()  # (N, z_dim) -> (N, hidden) -> (N, size) in [0, 1]
        return (2 * x - 1).unflatten(1, self.shape)  # -> (N, C, H, W) in [-1, 1], as all images here

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=self.out.weight.device) - 1


class OneHiddenDiscriminator(Discriminator):
    """x -> hidden, ReLU -> logit.

    Args:
        spec: Shape, kind and classes of the samples.
        hidden: Width of the hidden layer.
    """

    def __init__(self, spec: Spec, hidden: PositiveInt = 256):
        super().__init__()
        _need_image("discriminator one_hidden", spec)
        self.hidden = nn.Linear(spec.size, hidden)
        self.out = nn.Linear(hidden, 1)
        self.apply(_initialise)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        pixels = (x.flatten(1) + 1) / 2  # (N, C, H, W) in [-1, 1] -> (N, size) in [0, 1]
        return self.hidden(pixels).relu()  # -> (N, hidden)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.out(features).squeeze(1)  # (N, hidden) -> (N, 1) -> (N,)


def _need_image(network: str, spec: Spec) -> None:
    if not spec.is_image:
        raise IncompatibleError(
            f'{network} works on pixels, but a sample has the shape {spec.shape}: use "mlp" instead.'
        )


def _initialise(module: nn.Module) -> None:
    """Draw weights from N(0, 2 / fan_in) (arXiv:1502.01852), and set biases to zero."""
    if isinstance(module, nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
