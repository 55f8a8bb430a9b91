"""Promises of a ganzoo.Loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.subjects import Component

SHAPES = ((1,), (4,), (4, 1, 2, 2), (4, 3, 2, 2))  # of one sample, of samples, of patches, of patches by three judges
LARGE = 50.0  # a logit whose sigmoid is 1 in float32


def each_player_gets_a_scalar_loss(component: Component) -> None:
    """discriminator() and generator() return a float32 scalar, for logits (N,) and for patch maps (N, K, h, w)."""
    loss = component.build()
    for shape in SHAPES:
        for name, value, _ in _both_losses(loss, *_logits(shape)):
            expect(
                value.shape == () and value.dtype is torch.float32,
                f"{component}: for logits of shape {shape}, {name}() returns {value.dtype} {tuple(value.shape)}, not a "
                "float32 scalar. Take the .mean() over all logits.",
            )


def the_discriminator_pushes_real_up_and_fake_down(component: Component) -> None:
    """The discriminator's loss falls when real logits rise, and when fake logits fall."""
    loss = component.build()
    for shape in SHAPES:
        real, fake = _logits(shape)
        d_real, d_fake = torch.autograd.grad(loss.discriminator(real, fake).sum(), [real, fake])
        expect(
            (d_real < 0).all() and (d_fake > 0).all(),
            f"{component}: discriminator() does not fall when real logits rise and fake logits fall. Check its sign: "
            "players minimise their losses, so return minus a value that should be maximised.",
        )


def the_generator_pushes_fake_up(component: Component) -> None:
    """The generator's loss falls when fake logits rise."""
    loss = component.build()
    for shape in SHAPES:
        real, fake = _logits(shape)
        (d_fake,) = torch.autograd.grad(_generator_loss(loss, real, fake).sum(), [fake])
        expect(
            (d_fake < 0).all(),
            f"{component}: generator() does not fall when fake logits rise. Check its sign: players minimise their "
            "losses, so return minus a value that should be maximised.",
        )


def it_reads_real_logits_only_with_uses_real(component: Component) -> None:
    """generator(None, fake) works unless uses_real = True."""
    loss = component.build()
    if loss.uses_real:
        return
    try:
        loss.generator(None, _logits((4,))[1])
    except Exception as error:
        raise BrokenPromiseError(
            f"{component}: generator(None, fake) raised {type(error).__name__}: {error}. If it needs the logits of "
            "real samples, set uses_real = True in the class body; otherwise `real` is None."
        ) from error


def large_logits_give_finite_losses(component: Component) -> None:
    """Logits of 50 and -50 give finite losses and gradients, whichever of the two belongs to the real samples."""
    loss = component.build()
    for logit in (LARGE, -LARGE):
        real, fake = (torch.full((4,), value, requires_grad=True) for value in (logit, -logit))
        for name, value, inputs in _both_losses(loss, real, fake):
            gradients = torch.autograd.grad(value.sum(), inputs, allow_unused=True)
            expect(
                value.isfinite().all() and all(g is None or g.isfinite().all() for g in gradients),
                f"{component}: for logits of {logit:g} for real and {-logit:g} for fake samples, {name}() or its "
                "gradient is not finite. Use softplus() or logsigmoid() of the logits instead of log(sigmoid()), and "
                "no exp().",
            )


def it_does_not_change_the_logits(component: Component) -> None:
    """Neither loss changes the logits in place."""
    loss = component.build()
    real, fake = torch.linspace(-2, 2, 6), torch.linspace(-1, 3, 6)
    real_before, fake_before = real.clone(), fake.clone()
    loss.discriminator(real, fake), _generator_loss(loss, real, fake), loss.report(real, fake)
    expect(
        torch.equal(real, real_before) and torch.equal(fake, fake_before),
        f"{component}: it changes the logits in place. Write fake = fake - 1, not fake -= 1 or fake.sub_(1).",
    )


def equal_logits_give_equal_losses(component: Component) -> None:
    """The losses depend on the logits alone: no random numbers, no state."""
    loss = component.build()
    first, second = (
        [value.detach() for _, value, _ in _both_losses(loss, torch.linspace(-2, 2, 6), torch.linspace(-1, 3, 6))]
        for _ in range(2)
    )
    expect(
        all(torch.equal(a, b) for a, b in zip(first, second, strict=True)),
        f"{component}: equal logits give different losses in a second call. Use no random numbers and keep no state. "
        "If the term needs a state, write a ganzoo.Regularizer that derives from nn.Module too: checkpoints save it.",
    )


def its_reported_statistics_are_scalars(component: Component) -> None:
    """report() returns finite scalars by name."""
    loss = component.build()
    for shape in SHAPES:
        for name, value in loss.report(*_logits(shape)).items():
            expect(
                isinstance(value, Tensor) and value.shape == () and value.isfinite(),
                f"{component}: report() returns {value!r} for {name!r}, not a finite scalar. Take its .mean().",
            )


def _logits(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return torch.full(shape, 0.25, requires_grad=True), torch.full(shape, 0.25, requires_grad=True)


def _generator_loss(loss: Any, real: Tensor, fake: Tensor) -> Tensor:
    """Return the generator's loss, also if it needs real logits without uses_real: another check reports that."""
    value: Tensor
    try:
        value = loss.generator(real if loss.uses_real else None, fake)
    except Exception:
        value = loss.generator(real, fake)
    return value


def _both_losses(loss: Any, real: Tensor, fake: Tensor) -> Iterator[tuple[str, Tensor, tuple[Tensor, Tensor]]]:
    """Yield (method, loss, logits) for both players."""
    yield "discriminator", loss.discriminator(real, fake), (real, fake)
    yield "generator", _generator_loss(loss, real, fake), (real, fake)
