"""Augmentations of what a discriminator sees, and the discriminator that sees through them."""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Discriminator, Spec


class Augmentation(nn.Module, ABC):
    """A random change T of all samples on their way to a discriminator: real and fake, in the moves of both players.

    The generator learns through T, so T is differentiable, and differentiable twice for gradient penalties: it changes
    nothing in place and uses no `grid_sample`. State that changes in training is a buffer.
    """

    def __init__(self) -> None:
        super().__init__()

    def check(self, spec: Spec) -> None:
        """Check that such samples can be augmented. Images are accepted unless this is overridden.

        Args:
            spec: Spec of what the discriminator is given.

        Raises:
            IncompatibleError: They cannot be augmented.
        """
        if not spec.is_image:
            raise IncompatibleError(
                f"augmentation {type(self).__name__} changes images, and a sample has the shape {spec.shape}: leave "
                "its [[augmentation]] out, or use a dataset of images."
            )

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Augment samples, each by a draw of its own from PyTorch's global generator.

        Args:
            x: Samples (N, *shape), at least float32; images in [-1, 1], as far as earlier augmentations leave them.

        Returns:
            Samples (N, *shape).
        """

    def after_move(self) -> None:
        """Change the state after a move of the discriminator, for example the strength. Called after each of them."""


class AugmentedDiscriminator(Discriminator):
    """A discriminator that sees T(x) wherever it is given x, in features() as well as in forward().

    In evaluation mode it sees x itself. Gradients, such as those of penalties, are taken at x, through T. Attributes of
    the network can be read here too, and layers added, but in training mode no other method of it can be called, which
    would bypass T.

    Args:
        network: The discriminator.
        augmentations: The augmentations, applied in this order.

    Attributes:
        network: The discriminator without augmentations.
        augmentations: The augmentations.
    """

    network: Discriminator

    def __init__(self, network: Discriminator, augmentations: Sequence[Augmentation]):
        super().__init__()
        self.network = network
        self.augmentations = nn.ModuleList(augmentations)
        self.conditional = network.conditional

    def augment(self, x: Tensor) -> Tensor:
        """Return T(x) in training mode, in full precision, and x itself in evaluation mode."""
        if not self.training:
            return x
        with torch.autocast(x.device.type, enabled=False):
            x = x.to(torch.promote_types(x.dtype, torch.float32))
            for augmentation in self.augmentations:
                x = augmentation(x)  # (N, *shape) -> (N, *shape)
        return x

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the features (N, width) of augmented samples."""
        return self.network.features(self.augment(x), y)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the logits (N,) of features."""
        return self.network.logits(features, y)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the logits of augmented samples."""
        logits: Tensor = self.network(self.augment(x), y)
        return logits

    def features_and_logits(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return features and logits of augmented samples, both of the same draw."""
        return self.network.features_and_logits(self.augment(x), y)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; a layer becomes one of the network, where regularizers find it."""
        if isinstance(value, nn.Module) and name not in ("network", "augmentations"):
            setattr(self.network, name, value)
        else:
            super().__setattr__(name, value)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the network; refuse one of its methods in training mode."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            value = getattr(super().__getattr__("network"), name)
        if self.training and isinstance(value, types.MethodType):
            raise IncompatibleError(
                f"{type(self.network).__name__}.{name}() does not pass through [[augmentation]]; only forward() and "
                "features() of a discriminator do. Leave [[augmentation]] out, or use another procedure."
            )
        return value
