"""ReACGAN, Kang, Shim, Cho and Park 2021 (arXiv:2111.01118): AC-GAN without the gradients that make it collapse."""

from __future__ import annotations

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import normalize

from ganzoo import Blueprint, Discriminator, Spec
from ganzoo_builtins.gans.acgan import ACGAN


class ReACGAN(ACGAN):
    """Features, embedded on the unit sphere, are compared with a vector of their class and with each other.

    With embeddings f_i and class vectors v_k of length 1, the data-to-data cross-entropy (equation 6) is

        L = -1/N sum_i log A_i / (A_i + sum over j with y_j != y_i of exp([f_i . f_j - m_n]+ / tau))
        A_i = exp([f_i . v_y_i - m_p]- / tau)

    where [t]+ = max(t, 0) and [t]- = min(t, 0): a sample near its vector, and one far from those of other classes,
    cause no gradient. The discriminator learns L of real samples, and the generator L of its fakes.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator, which is conditional.
        discriminator: Blueprint of the discriminator, which is not.
        loss: Blueprint of the loss, the hinge in the paper.
        regularizer: Blueprints of the regularizers.
        class_weight: Weight of L in both losses, 0.5 for CIFAR-10 in the authors' settings.
        temperature: tau, 0.5 for CIFAR-10 in the authors' settings.
        margin: m_p, 0.98 for CIFAR-10 in the authors' settings; m_n is 1 - m_p.
        width: Width of the embeddings, 512 in the authors' settings.
        d_steps: Discriminator moves per step, 5 in the authors' settings.
        g_steps: Generator moves per step.

    Raises:
        IncompatibleError: The data has no labels, the generator is not conditional, or the discriminator is.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        class_weight: NonNegativeFloat = 0.5,
        temperature: PositiveFloat = 0.5,
        margin: PositiveFloat = 0.98,
        width: PositiveInt = 512,
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
    ):
        self.width = width
        self.temperature = temperature
        self.margin = margin
        super().__init__(
            spec,
            generator,
            discriminator,
            loss,
            regularizer,
            d_class_weight=class_weight,
            g_class_weight=class_weight,
            classify="real",
            d_steps=d_steps,
            g_steps=g_steps,
        )

    def add_class_layers(self, discriminator: Discriminator, width: int) -> None:
        discriminator.class_head = nn.Linear(width, self.width)
        discriminator.class_vectors = nn.Embedding(self.spec.classes, self.width)

    def class_loss(self, features: Tensor, y: Tensor) -> Tensor:
        """Return the data-to-data cross-entropy of features (N, width) with labels (N,)."""
        f = normalize(self.D.get_submodule("class_head")(features), dim=1)  # (N, width) -> (N, self.width)
        v = normalize(self.D.get_submodule("class_vectors")(y), dim=1)  # (N,) -> (N, self.width)
        return data_to_data_cross_entropy(f, v, y, self.margin, 1 - self.margin, self.temperature)


def data_to_data_cross_entropy(
    f: Tensor, v: Tensor, y: Tensor, positive_margin: float, negative_margin: float, temperature: float
) -> Tensor:
    """Return equation 6 for embeddings (N, F) and the vectors (N, F) of their classes y (N,)."""
    positive = ((f * v).sum(1) - positive_margin).clamp(max=0) / temperature  # (N,)
    negative = (f @ f.T - negative_margin).clamp(min=0) / temperature  # (N, N)
    negative = negative.masked_fill(y[:, None] == y, -torch.inf)
    everything = torch.cat([positive[:, None], negative], dim=1).logsumexp(1)  # (N, 1 + N) -> (N,)
    return (everything - positive).mean()
