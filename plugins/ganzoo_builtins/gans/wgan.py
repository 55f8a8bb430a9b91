"""The schedule of the Wasserstein GAN, Arjovsky, Chintala and Bottou 2017 (arXiv:1701.07875)."""

from __future__ import annotations

from pydantic import NonNegativeInt, PositiveInt

from ganzoo import Blueprint, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial


class WGAN(Adversarial):
    """Algorithm 1 of WGAN (arXiv:1701.07875), with the bursts of critic moves of its authors' code.

    The critic is trained towards its optimum at the beginning, and again now and then. Its loss is `wasserstein`, and
    its weights are clipped by the regularizer `weight_clipping`; other losses and regularizers work as well.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Critic moves per step, the paper's n_critic.
        d_burst: Critic moves in each step of a burst.
        burst_first: Number of steps at the beginning that are bursts.
        burst_every: Number of steps from one later burst to the next.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        d_steps: PositiveInt = 5,
        d_burst: PositiveInt = 100,
        burst_first: NonNegativeInt = 25,
        burst_every: PositiveInt = 500,
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps)
        self.d_burst = d_burst
        self.burst_first = burst_first
        self.burst_every = burst_every

    def discriminator_steps(self, t: int) -> int:
        burst = t < self.burst_first or t % self.burst_every == 0
        return self.d_burst if burst else self.d_steps
