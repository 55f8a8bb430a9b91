"""Latent consistency regularization, Zhao, Singh, Lee, Zhang, Odena and Zhang 2020 (arXiv:2002.04724)."""

import torch
from pydantic import NonNegativeFloat, PositiveFloat
from torch import Tensor, nn

from ganzoo import Comparison, IncompatibleError, Regularizer, Schedulable, Spec, Terms
from ganzoo_builtins.regularizers.differences import difference


class ZCR(Regularizer):
    """Nearby codes: the discriminator judges their samples alike, and the generator makes them different.

    With z' = z + std * noise, the discriminator's term is weight * E (D(G(z)) - D(G(z')))^2, and the generator's is
    g_weight * E [limit - d]+, where d is the mean squared difference of G(z) and G(z'). The paper's is -g_weight * E d,
    without an end; its gradient is the same up to the limit, which images in [-1, 1] do not reach by default.

    Args:
        weight: Weight of the discriminator's term, the paper's lambda_dis, 20 in public code.
        g_weight: Weight of the generator's term, the paper's lambda_gen, 0.5 in public code.
        std: Standard deviation of the noise on codes.
        limit: Mean squared difference at which the generator has done enough.
    """

    needs_source = True

    def __init__(
        self,
        weight: Schedulable[NonNegativeFloat] = 20.0,
        g_weight: Schedulable[NonNegativeFloat] = 0.5,
        std: PositiveFloat = 0.05,
        limit: PositiveFloat = 4.0,
    ):
        self.weight = weight
        self.g_weight = g_weight
        self.std = std
        self.limit = limit

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        if not getattr(generator, "z_dim", 0) or spec.vocab:
            raise IncompatibleError(
                "regularizer zcr changes the codes that samples are generated from, and this generator has none, or "
                "makes token ids: leave it out."
            )

    def terms(self, comparison: Comparison) -> Terms:
        with torch.no_grad():
            other = self._generated(comparison)
        change = difference(comparison.critic, comparison.fake, other)  # (N,)
        return {"zcr": self.weight * change.square().mean()}

    def generator_terms(self, comparison: Comparison) -> Terms:
        apart = (comparison.fake - self._generated(comparison)).float().square().flatten(1).mean(1)  # (N,)
        return {"zcr": self.g_weight * (self.limit - apart).relu().mean()}

    def _generated(self, comparison: Comparison) -> Tensor:
        """Return G(z'), (N, *shape)."""
        z = comparison.source
        if z is None:
            raise IncompatibleError(
                "regularizer zcr needs the codes that fakes were generated from, and this procedure does not tell "
                "them: use another procedure, such as adversarial, or leave it out."
            )
        near = z.detach() + self.std * torch.randn_like(z)  # (N, z_dim)
        y = comparison.fake_labels
        x: Tensor = comparison.generator(near) if y is None else comparison.generator(near, y)
        return x
