"""LAPGAN, Denton, Chintala, Szlam and Fergus 2015 (arXiv:1506.05751): a Laplacian pyramid of GANs.

An image is decomposed into a small image and a residual for each doubling of its side (section 2.2):

    I_0 = x,    I_{k+1} = d(I_k),    h_k = I_k - u(I_{k+1}),    and so I_k = u(I_{k+1}) + h_k exactly.

An ordinary GAN generates the smallest image I_K from noise; at every other level a conditional GAN generates h_k from
noise and u(I_{k+1}). Each level is trained by itself, on real coarse images; samples are composed from the smallest
level on (section 3.1).

Here d is the mean of 2x2 pixels, and u is bilinear. The networks of a level have the layers of the authors' code for
CIFAR-10. Each can take the class as an additional plane (the paper's CC-LAPGAN, section 3.2).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate, one_hot

from ganzoo import (
    Batch,
    Blueprint,
    Comparison,
    Discriminator,
    Generator,
    IncompatibleError,
    Move,
    Panel,
    Procedure,
    Regularizers,
    Spec,
    Terms,
)
from ganzoo_builtins.gans.requirements import need_labels, need_square_image


def down(x: Tensor) -> Tensor:
    """Halve the side of images."""
    return avg_pool2d(x, 2)  # d: (N, C, H, W) -> (N, C, H/2, W/2)


def up(x: Tensor) -> Tensor:
    """Double the side of images."""
    return interpolate(x, scale_factor=2, mode="bilinear")  # u: (N, C, H, W) -> (N, C, 2H, 2W)


def pyramid(x: Tensor, levels: int) -> list[Tensor]:
    """Return I_0, ..., I_K: (N, C, H, W), (N, C, H/2, W/2), ..."""
    images = [x]
    for _ in range(levels):
        images.append(down(images[-1]))
    return images


class LAPGAN(Procedure):
    """A GAN for each level of a Laplacian pyramid, trained side by side and independently (arXiv:1506.05751).

    Player generator_0 generates the finest residual, and discriminator_0 judges images of the data's own size; the last
    ones are [generator] and [discriminator], for the smallest image. All others are built by [generator_level] and
    [discriminator_level], each at its own size. A level's discriminator sees u(I_{k+1}) + h_k, with the real coarse
    image in fakes as well, so it can be any discriminator of images.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        generator_level: Blueprint of the generators of residuals.
        discriminator_level: Blueprint of the discriminators of all levels but the smallest.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers; each level has its own.
        levels: Number of times that the image is halved.

    Raises:
        IncompatibleError: The image cannot be halved so often, the networks of a level do not suit each other, or a
            regularizer does not suit its discriminator.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        generator_level: Blueprint,
        discriminator_level: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        levels: PositiveInt = 2,
    ):
        super().__init__()
        *finer, coarsest = sizes(spec, levels)
        self.G: Any = nn.ModuleList([*map(generator_level, finer), generator(coarsest)])
        self.D: Any = nn.ModuleList([*map(discriminator_level, finer), discriminator(coarsest)])
        self.loss = loss()
        self.levels = levels
        self._check()
        levels_of = zip(self.D, self.G, [*finer, coarsest], strict=True)
        self.regularizers = [Regularizers(regularizer, D, G, level, tells_source=False) for D, G, level in levels_of]
        self.with_state = nn.ModuleList(item for level in self.regularizers for item in level.children())

    def players(self) -> dict[str, list[nn.Module]]:
        sides = {"discriminator": self.D, "generator": self.G}
        return {f"{player}_{k}": [net] for player, nets in sides.items() for k, net in enumerate(nets)}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        real, y = pyramid(batch["x"], self.levels), batch.get("y")
        with torch.no_grad():
            fake = self._fakes(real, y)
        yield {f"discriminator_{k}": self._discriminate(k, real[k], fake[k], y, t) for k in range(len(real))}
        for level in self.regularizers:
            level.project()
        fake = self._fakes(real, y)
        yield {f"generator_{k}": self._generate(k, real[k], fake[k], y, t) for k in range(len(real))}
        # One move of all levels equals a move of each in turn, since no two levels share a weight.

    def _discriminate(self, k: int, real: Tensor, fake: Tensor, y: Tensor | None, t: int) -> Terms:
        real_logits, fake_logits = self._judge(k, real, y), self._judge(k, fake, y)  # (N,), (N,)
        self.log(**{f"real_{k}": real_logits, f"fake_{k}": fake_logits})
        comparison = self._compare(k, real, fake, y, t, (real_logits, fake_logits))
        return self.regularizers[k].terms(
            comparison, {"adversarial": self.loss.discriminator(real_logits, fake_logits)}
        )

    def _generate(self, k: int, real: Tensor, fake: Tensor, y: Tensor | None, t: int) -> Terms:
        real_logits = self._judge(k, real, y) if self.loss.uses_real else None
        fake_logits = self._judge(k, fake, y)
        comparison = self._compare(k, real, fake, y, t, (real_logits, fake_logits))
        own = {"adversarial": self.loss.generator(real_logits, fake_logits)}
        return self.regularizers[k].generator_terms(comparison, own)

    def _compare(
        self, k: int, real: Tensor, fake: Tensor, y: Tensor | None, t: int, logits: tuple[Tensor | None, Tensor]
    ) -> Comparison:
        """Return what the regularizers of a level are handed: images of its size, real and generated."""
        return Comparison.of(
            self.D[k],
            self.G[k],
            real,
            fake,
            real_labels=y,
            fake_labels=y if self.G[k].conditional else None,
            real_logits=logits[0],
            fake_logits=logits[1],
            step=t,
            over_processes=self.over_processes,
        )

    def compose(self, n: int, y: Tensor | None = None) -> list[Tensor]:
        """Generate samples of every level, the smallest first, each from the one before."""
        images: list[Tensor] = []
        for k in reversed(range(len(self.G))):
            images.append(self._make(k, n, y, images[-1] if images else None))
        return images  # (n, C, H/4, W/4), (n, C, H/2, W/2), (n, C, H, W)

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.compose(n, y)[-1].clamp(-1, 1)

    def panels(self, batch: Batch) -> dict[str, Panel]:
        """Return a row for each sample, from coarse to fine: the images of all levels, and the residuals."""
        n = min(8, len(batch["x"]))
        images = self.compose(n, batch["y"][:n] if self.conditional else None)
        residuals = [fine - up(coarse) for coarse, fine in pairwise(images)]
        return {"pyramid": rows(images), "residuals": rows(residuals)}

    def _fakes(self, real: list[Tensor], y: Tensor | None) -> list[Tensor]:
        return [self._make(k, len(real[0]), y, coarser) for k, coarser in enumerate([*real[1:], None])]

    def _make(self, k: int, n: int, y: Tensor | None, coarser: Tensor | None) -> Tensor:
        """Generate I_k (n, C, H, W) from noise and, but for the smallest level, the image of the next level."""
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
                    f"procedure lapgan: [generator_level] must generate the residual of a coarse image, which "
                    f'{type(G).__name__} cannot: use "lapgan_level", or a subclass of '
                    "ganzoo_builtins.gans.lapgan.LevelGenerator."
                )
            if G.conditional != D.conditional:
                raise IncompatibleError(
                    f"procedure lapgan: at level {k} one of {type(G).__name__} and {type(D).__name__} is conditional "
                    "on labels and the other is not. Use a conditional network for both, or for neither."
                )


def rows(images: list[Tensor]) -> Panel:
    """Arrange [(n, C, H/4, W/4), ..., (n, C, H, W)] in n rows, all enlarged to the size of the last."""
    size = images[-1].shape[2:]
    columns = [interpolate(image, size=size, mode="nearest") for image in images]
    return Panel(torch.stack(columns, 1).flatten(0, 1), len(columns))  # (n, K, C, H, W) -> (n*K, C, H, W)


def sizes(spec: Spec, levels: int) -> list[Spec]:
    """Return the specs of I_0, ..., I_K, or refuse images that cannot be halved so often down to 4x4."""
    channels, size = need_square_image("procedure lapgan", spec)
    if size % 2**levels or size < 4 * 2**levels:
        raise IncompatibleError(
            f"procedure lapgan cannot halve {size}x{size} images {levels} times, down to 4x4 or more: "
            "add dataset.size=32, or set procedure.levels=1."
        )
    return [Spec((channels, size >> k, size >> k), spec.classes) for k in range(levels + 1)]


class LevelGenerator(Generator):
    """A generator of h_k given u(I_{k+1}), for the table [generator_level].

    Without a pyramid its coarse image is grey.
    """

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.shape = shape

    @abstractmethod
    def residual(self, z: Tensor, coarse: Tensor, y: Tensor | None = None) -> Tensor:
        """Generate the residual of a level.

        Args:
            z: Noise (N, z_dim).
            coarse: The enlarged coarse image u(I_{k+1}), (N, C, H, W).
            y: Labels (N,) when conditional.

        Returns:
            The residual h_k (N, C, H, W), of any range.
        """

    def forward(self, z: Tensor, y: Tensor | None = None) -> Tensor:
        grey = torch.zeros(len(z), *self.shape, device=z.device)
        return self.residual(z, grey, y).clamp(-1, 1)


class LAPGANLevelGenerator(LevelGenerator):
    """Coarse image and a plane of noise -> h by three convolutions with ReLU. The noise is uniform on (-1, 1).

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of the hidden layers.
        condition: How it takes labels: not ("none"), or as a plane computed from the label ("concat", section 3.2).
    """

    def __init__(self, spec: Spec, width: PositiveInt = 64, condition: Literal["none", "concat"] = "none"):
        super().__init__(spec.shape)
        channels, size = need_square_image("generator lapgan_level", spec)
        self.z_dim = size**2
        self.conditional = condition == "concat"
        self.label = ClassPlane("generator lapgan_level", spec) if self.conditional else None
        self.layers = nn.Sequential(
            nn.Conv2d(channels + 1 + self.conditional, width, 7, padding=3), nn.ReLU(),
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

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of both convolutions.
        dropout: Probability of dropping a unit.
        condition: How it takes labels: not ("none"), or as a plane computed from the label ("concat", section 3.2).
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5,
        condition: Literal["none", "concat"] = "none",
    ):
        super().__init__()
        channels, size = need_square_image("discriminator lapgan_level", spec)
        self.conditional = condition == "concat"
        self.label = ClassPlane("discriminator lapgan_level", spec) if self.conditional else None
        self.layers = nn.Sequential(
            nn.Conv2d(channels + self.conditional, width, 5, padding=2), nn.ReLU(),
            nn.Conv2d(width, width, 5, stride=2, padding=2), nn.ReLU(), nn.Flatten(), nn.Dropout(dropout),
        )  # fmt: skip
        self.head = nn.Linear(width * ((size + 1) // 2) ** 2, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        if self.label:
            x = torch.cat([x, self.label(y)], 1)  # -> (N, C + 1, H, W)
        return self.layers(x)  # (N, C, H, W) -> (N, width*H/2*W/2)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # -> (N, 1) -> (N,)


class ClassPlane(nn.Module):
    """Labels (N,) -> planes (N, 1, H, W): one-hot vectors, a linear layer, ReLU."""

    def __init__(self, network: str, spec: Spec):
        super().__init__()
        need_labels(network, spec)
        self.classes = spec.classes
        self.size = spec.shape[1:]
        self.layer = nn.Linear(spec.classes, spec.shape[1] * spec.shape[2])

    def forward(self, y: Tensor) -> Tensor:
        plane = self.layer(one_hot(y, self.classes).float()).relu()  # (N,) -> (N, classes) -> (N, H*W)
        return plane.view(-1, 1, *self.size)  # -> (N, 1, H, W)
