"""Mirrored images."""

import torch
from torch import Tensor

from ganzoo import Augmentation
from ganzoo_builtins.augmentations import operations


class Mirror(Augmentation):
    """Mirrors each image, left to right, with probability 1/2, each time that the discriminator sees it.

    For pictures that could as well have been taken in a mirror, such as faces and animals, it doubles their number.
    Generated ones may then be mirrored too. Leave it out for letters, digits and anything else with a right way round.
    """

    def forward(self, x: Tensor) -> Tensor:
        return operations.mirror(x, torch.rand(len(x), device=x.device) < 0.5)
