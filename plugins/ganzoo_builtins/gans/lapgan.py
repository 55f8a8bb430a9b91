"""LAPGAN, Denton, Chintala, Szlam and Fergus 2015 (arXiv:1506.05751): a Laplacian pyramid of GANs.

An image is a small one, and what is missing from it each time that its side is doubled (section 2.2):

    I_0 = x,    I_{k+1} = d(I_k),    h_k = I_k - u(I_{k+1}),    and so I_k = u(I_{k+1}) + h_k exactly.

An ordinary GAN makes the smallest image I_K from noise; at every other level a conditional GAN makes h_k from noise and
u(I_{k+1}). Each level is trained by itself, on real coarse images; samples are composed from the top (section 3.1).
d is here the mean of 2x2 pixels, u bilinear.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from ganzoo import Batch, Blueprint, IncompatibleError, Move, Panel, Procedure, Spec, Terms
from ganzoo_builtins.gans.fits import need_square_image
from ganzoo_builtins.gans.lapgan_level import LevelGenerator


def down(x: Tensor) -> Tensor:
    return avg_pool2d(x, 2)  # d: (N, C, H, W) -> (N, C, H/2, W/2)


def up(x: Tensor) -> Tensor:
    return interpolate(x, scale_factor=2, mode="bilinear")  # u: (N, C, H, W) -> (N, C, 2H, 2W)


def pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """I_0, ..., I_K: (N, C, H, W), (N, C, H/2, W/2), ..."""
    images = [x]
    for _ in range(levels):
        images.append(down(images[-1]))
    return images


class LAPGAN(Procedure):
    """A GAN for each level of a Laplacian pyramid, trained side by side and independently (arXiv:1506.05751).

    Player generator_0 makes the finest residual, discriminator_0 judges images of the data's own size; the last ones
    are [generator] and [discriminator], for the smallest image. [generator_level] and [discriminator_level] make all
    others, each at its own size. A level's discriminator sees u(I_{k+1}) + h_k, with the real coarse image in fakes as
    well, so that any discriminator of images will do.

    levels: how often the image is halved.
    Errors: IncompatibleError where it cannot be, or where the networks of a level do not suit each other.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        generator_level: Blueprint,
        discriminator_level: Blueprint,
        loss: Blueprint,
        levels: PositiveInt = 2,
    ):
        super().__init__()
        *fine, coarsest = sizes(spec, levels)
        self.G: Any = nn.ModuleList([*map(generator_level, fine), generator(coarsest)])
        self.D: Any = nn.ModuleList([*map(discriminator_level, fine), discriminator(coarsest)])
        self.loss, self.levels = loss(), levels
        self._check()

    def players(self) -> dict[str, list[nn.Module]]:
        sides = {"discriminator": self.D, "generator": self.G}
        return {f"{player}_{k}": [net] for player, nets in sides.items() for k, net in enumerate(nets)}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        real, y = pyramid(batch["x"], self.levels), batch.get("y")
        with torch.no_grad():
            fake = self._fakes(real, y)
        yield {f"discriminator_{k}": self._discriminate(k, real[k], fake[k], y) for k in range(len(real))}
        fake = self._fakes(real, y)
        yield {f"generator_{k}": self._generate(k, real[k], fake[k], y) for k in range(len(real))}
        # Together or one after the other is the same: no two levels share a weight.

    def _discriminate(self, k: int, real: Tensor, fake: Tensor, y: Tensor | None) -> Terms:
        real_logits, fake_logits = self._judge(k, real, y), self._judge(k, fake, y)  # (N,), (N,)
        self.log(**{f"real_{k}": real_logits, f"fake_{k}": fake_logits})
        return {"adversarial": self.loss.discriminator(real_logits, fake_logits)}

    def _generate(self, k: int, real: Tensor, fake: Tensor, y: Tensor | None) -> Terms:
        real_logits = self._judge(k, real, y) if self.loss.uses_real else None
        return {"adversarial": self.loss.generator(real_logits, self._judge(k, fake, y))}

    def compose(self, n: int, y: Tensor | None = None) -> list[Tensor]:
        """Samples of every level, the smallest first: each of the others is made from the one before."""
        images: list[Tensor] = []
        for k in reversed(range(len(self.G))):
            images.append(self._make(k, n, y, images[-1] if images else None))
        return images  # (n, C, H/4, W/4), (n, C, H/2, W/2), (n, C, H, W)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.compose(n, y)[-1].clamp(-1, 1)

    def panels(self, batch: Batch) -> dict[str, Panel]:
        """A row for each sample, from coarse to fine: the images of all levels, and what each level added."""
        n = min(8, len(batch["x"]))
        images = self.compose(n, batch["y"][:n] if self.conditional else None)
        residuals = [fine - up(coarse) for coarse, fine in pairwise(images)]
        return {"pyramid": rows(images), "residuals": rows(residuals)}

    def _fakes(self, real: list[Tensor], y: Tensor | None) -> list[Tensor]:
        return [self._make(k, len(real[0]), y, coarser) for k, coarser in enumerate([*real[1:], None])]

    def _make(self, k: int, n: int, y: Tensor | None, coarser: Tensor | None) -> Tensor:
        """A fake I_k (n, C, H, W) on the image of the next level, or from noise alone where there is none."""
        G = self.G[k]
        z, y = G.prior(n), y if G.conditional else None
        if coarser is None:
            return G(z, y)
        coarse = up(coarser)
        return coarse + G.residual(z, coarse, y)

    def _judge(self, k: int, x: Tensor, y: Tensor | None) -> Tensor:
        D = self.D[k]
        return D(x, y if D.conditional else None)

    def _check(self) -> None:
        for k, (G, D) in enumerate(zip(self.G, self.D, strict=True)):
            if k < self.levels and not isinstance(G, LevelGenerator):
                raise IncompatibleError(
                    f"procedure lapgan: [generator_level] has to make a residual for a coarse image, which "
                    f'{type(G).__name__} cannot: use "lapgan_level", or a subclass of '
                    "ganzoo_builtins.gans.lapgan_level.LevelGenerator."
                )
            if G.conditional != D.conditional:
                raise IncompatibleError(
                    f"procedure lapgan: at level {k} one of {type(G).__name__} and {type(D).__name__} is conditional "
                    "on labels and the other is not. Use a conditional network for both, or for neither."
                )


def rows(images: list[Tensor]) -> Panel:
    """[(n, C, H/4, W/4), ..., (n, C, H, W)] -> n rows of them, all as large as the last."""
    size = images[-1].shape[2:]
    columns = [interpolate(image, size=size, mode="nearest") for image in images]
    return Panel(torch.stack(columns, 1).flatten(0, 1), len(columns))  # (n, K, C, H, W) -> (n*K, C, H, W)


def sizes(spec: Spec, levels: int) -> list[Spec]:
    """Return the specs of I_0, ..., I_K.

    Raises:
        IncompatibleError: A side cannot be halved so often, or hardly anything is left.
    """
    channels, size = need_square_image("procedure lapgan", spec)
    if size % 2**levels or size < 4 * 2**levels:
        raise IncompatibleError(
            f"procedure lapgan cannot halve {size}x{size} images {levels} times, down to 4x4 or more: "
            "add dataset.size=32, or set procedure.levels=1."
        )
    return [Spec((channels, size >> k, size >> k), spec.classes) for k in range(levels + 1)]
