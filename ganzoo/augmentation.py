"""Augmentations of what a discriminator sees, and the discriminator that sees through them."""

from __future__ import annotations

import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Batch, Discriminator, Loss, Spec, Terms
from ganzoo.utils import rng

if TYPE_CHECKING:
    from ganzoo.regularizer import Comparison


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

    def fit(self, loss: Loss | None) -> None:
        """Learn from which loss the logits of the discriminator get their meaning. Called once, before training.

        Args:
            loss: The loss; None where the procedure has one of its own.

        Raises:
            IncompatibleError: It does not suit the augmentation.
        """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Augment samples, each by a draw of its own from PyTorch's global generator.

        Args:
            x: Samples (N, *shape), at least float32; images in [-1, 1], as far as earlier augmentations leave them.

        Returns:
            Samples (N, *shape).
        """

    def replace_real(self, batch: Batch, generate: Callable[[Tensor | None], Tensor]) -> Batch:
        """Replace real samples of a batch, before the procedure is given it. Other augmentations keep this method.

        Args:
            batch: The batch, as the data has it.
            generate: Returns as many generated samples (N, *shape), without a graph, for labels y (N,) or None.

        Returns:
            The batch to train on; a new one, if it differs.
        """
        return batch

    def observe(self, comparison: Comparison) -> None:
        """Look at what the discriminator makes of samples, in each of its moves, before after_move().

        Args:
            comparison: Real and generated samples of the move, with their logits.
        """

    def after_move(self) -> None:
        """Change the state after a move of the discriminator, for example the strength. Called after each of them."""

    def report(self) -> Terms:
        """Return numbers to log, such as the strength.

        Returns:
            Scalars by name.
        """
        return {}


class AugmentedDiscriminator(Discriminator):
    """A discriminator that sees T(x) wherever it is given x, in forward(), features() and layer_features().

    In evaluation mode it sees x itself. Gradients, such as those of penalties, are taken at x, through T. Attributes of
    the network can be read here too, and layers added, but in training mode no other method of it can be called, which
    would bypass T.

    Args:
        network: The discriminator.
        augmentations: The augmentations, applied in this order.
        paired: Repeat the draw of T in all batches of a move, so that the i-th real and the i-th generated sample are
            changed alike, for a loss that compares the two.

    Attributes:
        network: The discriminator without augmentations.
        augmentations: The augmentations.
        paired: Whether all batches of a move have the same draw.
    """

    network: Discriminator

    def __init__(self, network: Discriminator, augmentations: Sequence[Augmentation], paired: bool = False):
        super().__init__()
        self.network = network
        self.augmentations = nn.ModuleList(augmentations)
        self.conditional = network.conditional
        self.paired = paired
        self._draw: dict[str, Tensor] | None = None  # the state of the generators before the first draw of a move

    def augment(self, x: Tensor) -> Tensor:
        """Return T(x) in training mode, in full precision, and x itself in evaluation mode."""
        if not self.training:
            return x
        with torch.autocast(x.device.type, enabled=False), self._same_draw():
            x = x.to(torch.promote_types(x.dtype, torch.float32))
            for augmentation in self.augmentations:
                x = augmentation(x)  # (N, *shape) -> (N, *shape)
        return x

    def observe(self, comparison: Comparison) -> None:
        """Show every augmentation what the discriminator makes of samples in one of its moves."""
        for augmentation in self.augmentations:
            assert isinstance(augmentation, Augmentation)
            augmentation.observe(comparison)

    def end_move(self) -> None:
        """Let the next batch have a draw of its own. Called after each move of any player."""
        self._draw = None

    def _same_draw(self) -> AbstractContextManager[None]:
        """Return a context in which numbers are drawn again that the first batch of this move has drawn, if paired."""
        if self._draw is not None:
            return rng.replayed(self._draw)
        if self.paired:
            self._draw = rng.tensors()
        return nullcontext()

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the features (N, width) of augmented samples."""
        return self.network.features(self.augment(x), y)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        """Return the logits (N,) of features."""
        return self.network.logits(features, y)

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> Sequence[Tensor]:
        """Return the features of each layer, of augmented samples."""
        return self.network.layer_features(self.augment(x), y)

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
                f"{type(self.network).__name__}.{name}() does not pass through [[augmentation]]; of a discriminator "
                "only forward(), features() and layer_features() do. Leave [[augmentation]] out, or use another "
                "procedure."
            )
        return value
