"""A level of a Laplacian pyramid: the networks of LAPGAN (arXiv:1506.05751) that add detail to a coarse image.

The layers are those of the authors' code for CIFAR-10. Each net may be told the class, by a plane of its own (the
paper's CC-LAPGAN, section 3.2).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganzoo import Discriminator, Generator, Spec
from ganzoo_builtins.gans.fits import need_labels, need_square_image


class LevelGenerator(Generator):
    """What [generator_level] names: a generator of h_k that is shown u(I_{k+1}).

    As a generator of its own, without a pyramid, it is shown grey.
    """

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.shape = shape

    @abstractmethod
    def residual(self, z: Tensor, coarse: Tensor, y: Tensor | None = None) -> Tensor:
        """Noise (N, z_dim), u(I_{k+1}) (N, C, H, W), labels (N,) -> h_k (N, C, H, W), in no range."""

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        grey = torch.zeros(len(z), *self.shape, device=z.device)
        return self.residual(z, grey, y).clamp(-1, 1)


class LAPGANLevelGenerator(LevelGenerator):
    """Coarse image and a plane of noise -> h by three convolutions with ReLU. The noise is uniform on (-1, 1).

    width: channels of the hidden layers. labels: a plane more, made from the label (section 3.2).
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64, labels: bool = False):
        super().__init__(spec.shape)
        channels, size = need_square_image("generator lapgan_level", spec)
        self.z_dim, self.conditional = size**2, labels
        self.label = ClassPlane("generator lapgan_level", spec) if labels else None
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 1 + labels, width, 7, padding=3), nn.ReLU(),
            nn.Conv2d(width, width, 7, padding=3), nn.ReLU(),
            nn.Conv2d(width, channels, 5, padding=2),
        )  # fmt: skip

    def residual(self, z: Tensor, coarse: Tensor, y: Tensor | None = None) -> Tensor:
        planes = [coarse, z.view(-1, 1, *self.shape[1:])]  # (N, C, H, W), (N, H*W) -> (N, 1, H, W)
        if self.label:
            planes.append(self.label(y))
        return self.layers(torch.cat(planes, 1))  # (N, C + 1, H, W) -> (N, C, H, W)

    def prior(self, n: int) -> Tensor:
        return 2 * torch.rand(n, self.z_dim, device=next(self.parameters()).device) - 1


class LAPGANLevelDiscriminator(Discriminator):
    """I_k, which is u(I_{k+1}) + h_k, -> logit by two convolutions with ReLU, dropout before the last layer.

    width: channels. dropout: the share of units dropped. labels: a plane more, made from the label.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        labels: bool = False,
    ):
        super().__init__()
        channels, size = need_square_image("discriminator lapgan_level", spec)
        self.conditional = labels
        self.label = ClassPlane("discriminator lapgan_level", spec) if labels else None
        self.layers = nn.Sequential(
            nn.Conv2d(channels + labels, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout),
        )  # fmt: skip
        self.head = nn.Linear(width * ((size + 1) // 2) ** 2, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        if self.label:
            x = torch.cat([x, self.label(y)], 1)  # -> (N, C + 1, H, W)
        return self.layers(x)  # (N, C, H, W) -> (N, width*H/2*W/2)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(self.features(x, y)).squeeze(1)  # -> (N, 1) -> (N,)


class ClassPlane(nn.Module):
    """y -> a plane as large as the image: one-hot, a linear layer, ReLU."""

    def __init__(self, network: str, spec: Spec):
        super().__init__()
        need_labels(network, spec)
        self.classes, self.size = spec.classes, spec.shape[1:]
        self.layer = nn.Linear(spec.classes, spec.shape[1] * spec.shape[2])

    def forward(self, y: Tensor) -> Tensor:
        plane = self.layer(one_hot(y, self.classes).float()).relu()  # (N,) -> (N, classes) -> (N, H*W)
        return plane.view(-1, 1, *self.size)  # -> (N, 1, H, W)
