"""Discriminators that are auto-encoders, after EBGAN, Zhao, Mathieu and LeCun 2017 (arXiv:1609.03126).

The reconstruction error is an energy, low where the data lies: samples that the auto-encoder can reconstruct count as
real. Train it with the loss `energy` and any generator; the regularizer `pull_away` compares codes.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Panel, Spec
from ganzoo_builtins.gans.dcgan import initialise
from ganzoo_builtins.gans.requirements import need_multiple, need_numbers

Error = Literal["mean_square", "sum_square", "mean_absolute"]


class Autoencoder(Discriminator):
    """The logit of x is minus the error of Dec(Enc(x)).

    A subclass sets `encode`, `decode` and `error`.
    """

    encode: nn.Module
    decode: nn.Module
    error: Error

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.encode(x).flatten(1)  # (N, *shape) -> (N, width), the code

    def rebuild(self, x: Tensor) -> Tensor:
        return self.decode(self.encode(x))  # (N, *shape) -> (N, *shape)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        difference = (self.rebuild(x).float() - x.float()).flatten(1)  # (N, size)
        if self.error == "mean_absolute":
            return -difference.abs().mean(1)  # (N,)
        squares = difference.square()
        return -squares.sum(1) if self.error == "sum_square" else -squares.mean(1)  # (N,)


class MLPAutoencoder(Autoencoder):
    """Fully connected with ReLU; the decoder is one layer, as in the paper's experiments on MNIST.

    Reconstructed images end in a tanh, points do not.

    Args:
        spec: Shape, kind and classes of the samples.
        hidden: Widths of the encoder's layers, the last of which is the code's; the paper tries one to four of 128 to
            1024.
        error: Reconstruction error of a sample: the mean or sum of squares, on which the loss's margin depends, or the
            mean absolute difference.
        dropout: Probability of dropping a unit in the encoder; the paper tries with and without.
    """

    def __init__(
        self,
        spec: Spec,
        hidden: Sequence[PositiveInt] = (1024,),
        error: Error = "mean_square",
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0,
    ):
        super().__init__()
        need_numbers("discriminator autoencoder", spec)
        self.error = error
        layers: list[nn.Module] = [nn.Flatten()]
        for n_in, n_out in pairwise([spec.size, *hidden]):
            layers += [nn.Linear(n_in, n_out), nn.ReLU(), *([nn.Dropout(dropout)] if dropout else [])]
        self.encode = nn.Sequential(*layers)  # (N, *shape) -> (N, size) -> (N, hidden[-1])
        last = [nn.Tanh()] if spec.is_image else []
        self.decode = nn.Sequential(nn.Linear(hidden[-1], spec.size), *last, nn.Unflatten(1, spec.shape))


class ConvAutoencoder(Autoencoder):
    """Strided 4x4 convolutions down, as many transposed ones up; batch norm except next to the image, LeakyReLU 0.2.

    The side is halved while it is even, three times at most, and must be divisible by 4. Both halves have the layers of
    DCGAN. The code is the innermost map or, with `code`, a linear function of it, as in BEGAN (arXiv:1703.10717).

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, doubled in each further layer.
        norm: "none" leaves batch norm out.
        error: Reconstruction error of a sample; see the discriminator `autoencoder`.
        code: Width of a linear code between the halves, or 0 for none.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        norm: Literal["batch", "none"] = "batch",
        error: Error = "mean_square",
        code: NonNegativeInt = 0,
    ):
        super().__init__()
        channels, size = need_multiple("discriminator conv_autoencoder", spec, 4)
        self.error = error
        halvings = 3 if size % 8 == 0 and size > 8 else 2
        widths = [channels, *(width * 2**i for i in range(halvings))]  # 3, 64, 128, 256
        down: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            normalise = [nn.BatchNorm2d(n_out)] if norm == "batch" and i > 0 else []
            down += [nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=not normalise), *normalise, nn.LeakyReLU(0.2)]
        up: list[nn.Module] = []
        if code:
            innermost = (widths[-1], size // 2**halvings, size // 2**halvings)
            n_units = math.prod(innermost)
            down += [nn.Flatten(), nn.Linear(n_units, code)]
            up += [nn.Linear(code, n_units), nn.Unflatten(1, innermost)]
        for n_in, n_out in pairwise(widths[:0:-1]):
            normalise = [nn.BatchNorm2d(n_out)] if norm == "batch" else []
            layer = nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1, bias=not normalise)
            up += [layer, *normalise, nn.LeakyReLU(0.2)]
        up += [nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), nn.Tanh()]
        # (N, C, H, W) -> (N, width, H/2, W/2) -> ... -> (N, 4*width, H/8, W/8), and with a code -> (N, code)
        self.encode = nn.Sequential(*down)
        self.decode = nn.Sequential(*up)  # -> (N, C, H, W)
        if norm == "batch":  # without it, such small weights made BEGAN's reconstructions black for good
            self.apply(initialise)


def reconstruction_panel(x: Tensor, rebuilt: Tensor, columns: int = 8) -> Panel:
    """Arrange samples (N, *shape) in rows, each above a row of their reconstructions; N is cut to whole rows."""
    columns = min(columns, len(x))
    n = len(x) // columns * columns
    rows = torch.stack([images[:n].unflatten(0, (-1, columns)) for images in (x, rebuilt)], dim=1)
    return Panel(rows.flatten(0, 2), columns)  # (rows, 2, columns, *shape) -> (2N, *shape)
