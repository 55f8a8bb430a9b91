"""PacGAN, Lin, Khetan, Fanti and Oh 2018 (arXiv:1712.04086): the discriminator judges several samples at once.

A pack of m samples, all real or all fake, is concatenated along the channels of images or the numbers of points, and
gets one logit. A pack of two reveals a generator that always makes the same sample. Nothing else changes except the
first layer of the discriminator.
"""

from __future__ import annotations

from PIL import Image
from pydantic import PositiveInt
from torch import Tensor

from ganzoo import AugmentedDiscriminator, Batch, Blueprint, Discriminator, IncompatibleError, Spec
from ganzoo_builtins.procedures.adversarial import Adversarial


class Packed(Discriminator):
    """A discriminator of packs.

    Args:
        network: Discriminator of samples of `shape`.
        shape: Shape of a pack.
        pack: Number of samples in a pack.
    """

    def __init__(self, network: Discriminator, shape: tuple[int, ...], pack: int):
        super().__init__()
        self.pack = pack
        self.shape = shape
        self.D = network
        if network.conditional:
            raise IncompatibleError(
                "procedure pacgan: a pack has no label, and the discriminator needs one. Use networks without labels."
            )

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.D.features(self._pack(x))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.D(self._pack(x))  # (N, C, H, W) -> (N/m,)

    def _pack(self, x: Tensor) -> Tensor:
        if len(x) % self.pack:
            raise IncompatibleError(
                f"procedure pacgan: {len(x)} samples do not make packs of {self.pack}. "
                f"Set run.batch_size={self.pack * max(1, len(x) // self.pack)}."
            )
        return x.reshape(-1, *self.shape)  # (N, C, H, W) -> (N/m, m*C, H, W)


def packed(discriminator: Blueprint, spec: Spec, pack: int) -> Discriminator:
    """Build a discriminator of packs of `pack` samples, which are augmented one by one, if at all."""
    if spec.vocab:
        raise IncompatibleError("procedure pacgan packs numbers, not token ids: choose a dataset of images or points.")
    channels, *sides = spec.shape
    shape = (pack * channels, *sides)
    network = discriminator(Spec(shape, spec.classes))
    if isinstance(network, AugmentedDiscriminator):
        packs = Packed(network.network, shape, pack)
        return AugmentedDiscriminator(packs, [*network.augmentations], network.paired)
    return Packed(network, shape, pack)


class PacGAN(Adversarial):
    """The procedure `adversarial` with a discriminator of packs (arXiv:1712.04086, section 2).

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        pack: Number of samples in a pack; 2, 3 and 4 in the paper.
        d_steps: Discriminator moves per step.
        g_steps: Generator moves per step; 2 in the paper's experiments on images.

    Raises:
        IncompatibleError: A network is conditional, samples are token ids, or a batch does not divide into packs.
    """

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        pack: PositiveInt = 2,
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
    ):
        self.pack = pack
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps, g_steps)

    def build_discriminator(self, blueprint: Blueprint) -> Discriminator:
        return packed(blueprint, self.spec, self.pack)

    def panels(self, batch: Batch) -> dict[str, Image.Image]:
        """Return nothing: a discriminator of packs has no logit for one sample."""
        return {}
