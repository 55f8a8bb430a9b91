"""The generator learns from more fakes than the discriminator."""

from __future__ import annotations

from pydantic import PositiveInt

from ganzoo import Batch, Blueprint, Fakes, IncompatibleError, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial


class LargerGeneratorBatch(Adversarial):
    """The procedure `adversarial` with a larger batch of fakes in the generator's moves.

    In the code of WGAN-GP (arXiv:1704.00028) for CIFAR-10 it has twice the batch size, as in SNGAN's.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_steps: Discriminator moves per step; 5 in WGAN-GP.
        g_batch: Number of fakes in a generator move, as a multiple of the batch size.

    Raises:
        IncompatibleError: The loss or a regularizer compares the generator's fakes with real samples.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        d_steps: PositiveInt = 1,
        g_batch: PositiveInt = 2,
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps)
        self.g_batch = g_batch
        refuse_comparisons(self, g_batch)

    def generator_fakes(self, batch: Batch) -> Fakes:
        return self.fakes(batch, self.g_batch)


def refuse_comparisons(procedure: Adversarial, g_batch: int) -> None:
    """Refuse a loss or regularizer that pairs the generator's fakes with real samples, of which there are fewer."""
    if g_batch > 1 and procedure.loss.uses_real:
        raise IncompatibleError(
            "g_batch makes more fakes for the generator's move than there are real samples: use a loss that reads no "
            "real samples in it, or g_batch = 1."
        )
    if g_batch > 1 and (helpers := procedure.helpers()):
        raise IncompatibleError(
            f"g_batch = {g_batch} leaves {type(helpers[0]).__name__} without a real sample for each fake of "
            "the generator's move. Leave one of them out."
        )
