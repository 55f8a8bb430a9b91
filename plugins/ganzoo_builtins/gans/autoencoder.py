"""Discriminators that are auto-encoders, after EBGAN, Zhao, Mathieu and LeCun 2017 (arXiv:1609.03126).

What the auto-encoder has learned to rebuild is real to it, so that its error is an energy: low where the data lies.
Train them with the loss `energy` and a generator of any kind; the regularizer `pull_away` compares their codes.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn

from ganzoo import Discriminator, Panel, Spec
from ganzoo_builtins.gans.dcgan import initialise
from ganzoo_builtins.gans.fits import need_multiple, need_numbers

Error = Literal["mean_square", "sum_square", "mean_absolute"]


class Autoencoder(Discriminator):
    """The logit of x is minus the error of Dec(Enc(x)). A subclass sets `encode` and `decode`."""

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
    """Fully connected, ReLU; the decoder is one layer, as in the paper's experiments on MNIST.

    Rebuilt images leave through a tanh, points without one.

    hidden: widths of the encoder's layers, the last one that of the code; the paper tries one to four of 128 to 1024.
    error: "mean_square" over the numbers of a sample, or their sum, on which the loss's margin depends; or L1.
    dropout: the share of units dropped in the encoder; the paper tries with and without.
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

    The side is halved while it is even, three times at most, and must be divisible by 4. DCGAN's layers, in both
    halves; the code is the innermost map.

    width: channels next to the image, twice as many in each layer on. norm: "none" leaves batch norm out.
    error: see the discriminator `autoencoder`.
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        norm: Literal["batch", "none"] = "batch",
        error: Error = "mean_square",
    ):
        super().__init__()
        channels, size = need_multiple("discriminator conv_autoencoder", spec, 4)
        self.error = error
        halvings = 3 if size % 8 == 0 and size > 8 else 2
        widths = [channels, *(width * 2**i for i in range(halvings))]  # 3, 64, 128, 256
        down: list[nn.Module] = []
        for i, (n_in, n_out) in enumerate(pairwise(widths)):
            normed = norm == "batch" and i > 0
            down.append(nn.Conv2d(n_in, n_out, 4, stride=2, padding=1, bias=not normed))
            down += [*([nn.BatchNorm2d(n_out)] if normed else []), nn.LeakyReLU(0.2)]
        up: list[nn.Module] = []
        for n_in, n_out in pairwise(widths[:0:-1]):
            normed = norm == "batch"
            up.append(nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1, bias=not normed))
            up += [*([nn.BatchNorm2d(n_out)] if normed else []), nn.LeakyReLU(0.2)]
        up += [nn.ConvTranspose2d(width, channels, 4, stride=2, padding=1), nn.Tanh()]
        self.encode = nn.Sequential(*down)  # (N, C, H, W) -> (N, width, H/2, W/2) -> ... -> (N, 4*width, H/8, W/8)
        self.decode = nn.Sequential(*up)  # -> (N, C, H, W)
        self.apply(initialise)


def beside(x: Tensor, again: Tensor, columns: int = 8) -> Panel:
    """Samples and what became of them, (N, *shape) both, row above row; N is cut to whole rows."""
    columns = min(columns, len(x))
    whole = len(x) // columns * columns
    rows = torch.stack([side[:whole].unflatten(0, (-1, columns)) for side in (x, again)], dim=1)
    return Panel(rows.flatten(0, 2), columns)  # (rows, 2, columns, *shape) -> (2N, *shape)
