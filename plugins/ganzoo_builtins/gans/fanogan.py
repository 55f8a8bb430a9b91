"""f-AnoGAN, Schlegl et al. 2019, "f-AnoGAN: Fast unsupervised anomaly detection" (Medical Image Analysis 54).

A GAN that has seen normal samples alone cannot make others. An encoder maps a sample to a code, the generator maps the
code back, and what differs is anomalous, in pixels and in the discriminator's features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn

from ganzoo import Batch, Blueprint, Encoder, IncompatibleError, Move, Spec
from ganzoo_builtins.gans.autoencoder import reconstruction_panel
from ganzoo_builtins.gans.requirements import halved, need_square_image
from ganzoo_builtins.procedures.adversarial import Adversarial


class FAnoGAN(Adversarial):
    """Two stages: a GAN for `pretrain` steps, in the paper a WGAN-GP, then the encoder alone, against a fixed GAN.

        A(x) = 1/n |x - G(E(x))|^2 + kappa / n_d |f(x) - f(G(E(x)))|^2

    The encoder minimises A of real samples (the paper's izi_f), where f are the discriminator's features, n the numbers
    of a sample and n_d those of its features. score() is -A: larger for normal samples.

    Args:
        spec: Shape, kind and classes of the samples.
        encoder: Blueprint of the encoder.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss of the first stage.
        regularizer: Blueprints of the regularizers of the first stage.
        pretrain: Number of steps of the first stage.
        d_steps: Discriminator moves per step of the first stage, 5 in the authors' code.
        kappa: Weight of the features, 1 in the paper; 0 compares pixels alone (izi).
        anomalies: Labels of the data that count as anomalies, and are left out of every batch.

    Raises:
        IncompatibleError: The encoder's codes have another width than the generator's, or no label is normal.
    """

    takes_labels = False

    def __init__(
        self,
        spec: Spec,
        encoder: Blueprint,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        pretrain: PositiveInt = 50_000,
        d_steps: PositiveInt = 5,
        kappa: NonNegativeFloat = 1.0,
        anomalies: Sequence[NonNegativeInt] = (),
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps)
        self.E: Encoder = encoder(spec)
        self.pretrain = pretrain
        self.kappa = kappa
        self.anomalies = tuple(anomalies)
        if self.E.conditional or self.E.z_dim != self.G.z_dim:
            raise IncompatibleError(
                f"procedure fanogan needs an encoder without labels, of the generator's z_dim of {self.G.z_dim}: set "
                f"encoder.z_dim={self.G.z_dim}."
            )
        if self.anomalies and not {*range(spec.classes)} - {*self.anomalies}:
            raise IncompatibleError(
                f"procedure fanogan: anomalies = {list(self.anomalies)} leaves no normal class of {spec.classes}: name "
                "fewer, and use a dataset with labels."
            )

    def players(self) -> dict[str, list[nn.Module]]:
        return {**super().players(), "encoder": [self.E]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        normal = (self.normal(batch) for batch in data)
        if t < self.pretrain:
            yield from super().step(normal, t)
            return
        self.G.eval()  # fixed, with their statistics
        self.D.eval()
        pixels, features = self.distances(next(normal)["x"])  # (N,), (N,)
        for _ in range(self.d_steps - 1):
            next(data)  # a step of either stage reads as many batches
        yield {"encoder": {"pixels": pixels.mean(), "features": self.kappa * features.mean()}}

    def normal(self, batch: Batch) -> Batch:
        """Return the samples of a batch that are no anomalies; the batch itself if there would be none."""
        if not self.anomalies:
            return batch
        is_normal = ~torch.isin(batch["y"], batch["y"].new_tensor(self.anomalies))  # (N,)
        return {key: value[is_normal] for key, value in batch.items()} if is_normal.any() else batch

    def distances(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean squared distances of samples from their reconstructions.

        Args:
            x: Samples (N, *shape).

        Returns:
            Those of pixels and of features, (N,) each.
        """
        rebuilt = self.G(self.E(x))  # (N, *shape) -> (N, z_dim) -> (N, *shape)
        with torch.no_grad():
            target = self.D.features(x)  # (N, width)
        pixels = (x - rebuilt).square().flatten(1).mean(1)
        return pixels, (target - self.D.features(rebuilt)).square().mean(1)

    def score(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        pixels, features = self.distances(x)
        return -(pixels + self.kappa * features)

    def panels(self, batch: Batch) -> Mapping[str, Any]:
        x = batch["x"]
        return {"reconstructions": reconstruction_panel(x, self.G(self.E(x)))} if self.spec.is_image else {}


class FAnoGANEncoder(Encoder):
    """x -> z by residual blocks that halve the side, with batch norm, and a linear layer.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the code, 128 in the authors' code.
        width: Channels next to the image; twice as many after each halving, up to eight times. 64 in their code.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 128, width: PositiveInt = 64):
        super().__init__()
        channels, size = need_square_image("encoder fanogan", spec)
        side, halvings = halved(size, 4)
        self.z_dim = z_dim
        n_in = width
        blocks: list[nn.Module] = []
        for k in range(1, halvings + 1):
            n_out = width * min(2**k, 8)
            blocks.append(HalvingBlock(n_in, n_out))
            n_in = n_out
        self.layers = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), *blocks, nn.BatchNorm2d(n_in), nn.ReLU())
        self.code = nn.Linear(n_in * side**2, z_dim)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        # (N, C, H, W) -> (N, width, H, W) -> (N, 2*width, H/2, W/2) -> ... -> (N, z_dim)
        return self.code(self.layers(x).flatten(1))


class HalvingBlock(nn.Module):
    """f(x) + skip(x) at half the side: batch norm, ReLU, convolution, twice, beside a mean of 2x2 pixels."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.main = nn.Sequential(
            nn.BatchNorm2d(n_in),
            nn.ReLU(),
            nn.Conv2d(n_in, n_out, 3, stride=2, padding=1),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1),
        )
        self.skip = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(n_in, n_out, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.main(x) + self.skip(x)  # (N, n_in, H, W) -> (N, n_out, H/2, W/2)
