"""Losses from a pair of functions, a criterion such as `nn.BCEWithLogitsLoss`, or an object of two methods."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Loss
from ganzoo.objects.factory import Factory, converting, copied, copies_of, required

Term = Callable[..., Tensor]
EXPECTED = (
    "give a ganzoo.Loss, a pair of functions (discriminator, generator) of the logits (real, fake), or a criterion of "
    "(logits, targets) such as nn.BCEWithLogitsLoss()"
)
OF_PROBABILITIES = (nn.BCELoss,)
MIDDLES: dict[type, float] = {nn.BCEWithLogitsLoss: 0.0, nn.MSELoss: 0.5, nn.L1Loss: 0.5, nn.SmoothL1Loss: 0.5}
"""Criterion -> the logit that is as far from the target 1 as from the target 0."""


class PairLoss(Loss):
    """A loss out of two functions of logits.

    Args:
        discriminator: Called with the logits (N,) of real samples and of fakes.
        generator: Called with the logits (N,) of fakes, after those of real samples if it takes both.
    """

    threshold = None

    def __init__(self, discriminator: Term, generator: Term):
        self.of_discriminator = discriminator
        self.of_generator = generator
        self.uses_real = len(required(generator)) > 1

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        return _scalar(self.of_discriminator(real, fake), "discriminator")

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return _scalar(self.of_generator(real, fake) if self.uses_real else self.of_generator(fake), "generator")


class CriterionLoss(Loss):
    """A loss by a criterion that compares logits with targets: 1 for real samples, 0 for fakes.

    The generator's loss has the target 1 for its fakes: with binary cross-entropy it is the non-saturating loss of
    arXiv:1406.2661, with the squared error that of LSGAN (arXiv:1611.04076).

    Args:
        criterion: Called with logits (N,) and targets (N,).
    """

    def __init__(self, criterion: Term):
        if isinstance(criterion, OF_PROBABILITIES):
            raise IncompatibleError(
                f"{type(criterion).__name__} takes probabilities, and discriminators return logits. "
                "Use nn.BCEWithLogitsLoss()."
            )
        self.criterion = criterion
        self.threshold = MIDDLES.get(type(criterion))

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        of_real = self.criterion(real, torch.ones_like(real))
        return _scalar(of_real + self.criterion(fake, torch.zeros_like(fake)), "discriminator")

    def generator(self, real: Tensor | None, fake: Tensor) -> Tensor:
        return _scalar(self.criterion(fake, torch.ones_like(fake)), "generator")


def target(given: Any) -> Factory:
    """Return what builds a loss from an object that was given in Python.

    Args:
        given: A `ganzoo.Loss`, a pair of functions, a criterion, or an object with the methods of a loss; or a class,
            or a function without arguments, that returns one of these.

    Returns:
        A class or function without arguments but the settings of `given`.

    Raises:
        IncompatibleError: It is none of these.
    """
    if inspect.isclass(given):
        return given if issubclass(given, Loss) else converting(given, as_loss)
    if inspect.isfunction(given) and not required(given):
        return converting(given, as_loss)
    as_loss(given)  # refuses at once
    if isinstance(given, (tuple, list)):
        return lambda: as_loss(given)
    return copies_of(given, "loss") if _has_methods(given) else lambda: as_loss(_own(given))


def as_loss(given: Any) -> Any:
    """Return an object as a loss; see target().

    Args:
        given: The object.

    Returns:
        An object with the methods of `ganzoo.Loss`.

    Raises:
        IncompatibleError: It is no loss.
    """
    if _has_methods(given):
        return given
    if isinstance(given, (tuple, list)) and len(given) == 2 and all(map(callable, given)):
        return PairLoss(*given)
    if callable(given):
        return CriterionLoss(given)
    raise IncompatibleError(f"loss is a {type(given).__name__}: {EXPECTED}, or the name of a component.")


def _has_methods(given: Any) -> bool:
    methods = getattr(given, "discriminator", None), getattr(given, "generator", None)
    return not isinstance(given, nn.ModuleDict) and all(map(callable, methods))


def _own(criterion: Any) -> Any:
    """Return a copy of a criterion that is a module; a function as it is."""
    return copied(criterion, "loss") if isinstance(criterion, nn.Module) else criterion


def _scalar(value: Any, player: str) -> Tensor:
    if not isinstance(value, Tensor) or value.numel() != 1:
        what = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise IncompatibleError(
            f"the loss given in Python returns {what} for the {player}: return one number as a tensor, such as .mean()."
        )
    return value.reshape(())
