"""What a ganzoo.Loss promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.subjects import Component

SHAPES = ((1,), (4,), (4, 1, 2, 2))  # logits of one sample, of samples, and of patches
LARGE = 50.0  # a logit whose sigmoid is one in float32


def each_player_gets_a_number(component: Component) -> None:
    """discriminator() and generator() return a float32 scalar, for logits (N,) and for patch maps (N, 1, h, w)."""
    loss = component.build()
    for shape in SHAPES:
        for name, value, _ in _both(loss, *_logits(shape)):
            expect(
                value.shape == () and value.dtype is torch.float32,
                f"{component}: for logits {shape}, {name}() gives {value.dtype} {tuple(value.shape)}, not a float32 "
                "scalar. Take the .mean() over all logits.",
            )


def the_discriminator_pushes_real_up_and_fake_down(component: Component) -> None:
    """Descending its loss makes logits of real samples larger, and those of fakes smaller."""
    loss = component.build()
    for shape in SHAPES:
        real, fake = _logits(shape)
        up, down = torch.autograd.grad(loss.discriminator(real, fake).sum(), [real, fake])
        expect(
            (up < 0).all() and (down > 0).all(),
            f"{component}: discriminator() does not fall when real logits rise and fake ones fall. Is its sign the "
            "wrong way round? A player minimises what it is given: a value to be maximised is returned with a minus.",
        )


def the_generator_pushes_fake_up(component: Component) -> None:
    """Descending its loss makes logits of fakes larger."""
    loss = component.build()
    for shape in SHAPES:
        real, fake = _logits(shape)
        (up,) = torch.autograd.grad(_generator(loss, real, fake).sum(), [fake])
        expect(
            (up < 0).all(),
            f"{component}: generator() does not fall when fake logits rise. Is its sign the wrong way round? A player "
            "minimises what it is given: a value to be maximised is returned with a minus.",
        )


def it_reads_real_logits_only_if_it_says_so(component: Component) -> None:
    """generator(None, fake) works, unless uses_real = True."""
    loss = component.build()
    if loss.uses_real:
        return
    try:
        loss.generator(None, _logits((4,))[1])
    except Exception as error:
        raise BrokenPromiseError(
            f"{component}: generator(None, fake) raised {type(error).__name__}: {error}. Say uses_real = True in the "
            "class body if it needs the logits of real samples; they are None otherwise."
        ) from error


def sure_logits_give_finite_numbers(component: Component) -> None:
    """Logits of 50 and -50 give finite losses and gradients, whatever player is right."""
    loss = component.build()
    for right in (LARGE, -LARGE):
        real, fake = (torch.full((4,), value, requires_grad=True) for value in (right, -right))
        for name, value, (a, b) in _both(loss, real, fake):
            slopes = torch.autograd.grad(value.sum(), [a, b], allow_unused=True)
            expect(
                value.isfinite().all() and all(slope is None or slope.isfinite().all() for slope in slopes),
                f"{component}: for logits of {right:g} on real and {-right:g} on fake samples, {name}() or its "
                "gradient is not finite. Take softplus() or logsigmoid() of the logits in place of log(sigmoid()), and "
                "no exp().",
            )


def logits_stay_as_they_were(component: Component) -> None:
    """Neither player's loss changes the logits in place."""
    loss = component.build()
    real, fake = torch.linspace(-2, 2, 6), torch.linspace(-1, 3, 6)
    before = real.clone(), fake.clone()
    loss.discriminator(real, fake), _generator(loss, real, fake), loss.report(real, fake)
    expect(
        torch.equal(real, before[0]) and torch.equal(fake, before[1]),
        f"{component}: it changes logits in place. Write fake = fake - 1, not fake -= 1 or fake.sub_(1).",
    )


def the_same_logits_give_the_same_numbers(component: Component) -> None:
    """It is a function of the logits: it draws nothing and keeps nothing from call to call."""
    loss = component.build()
    first, second = (
        [value.detach() for _, value, _ in _both(loss, torch.linspace(-2, 2, 6), torch.linspace(-1, 3, 6))]
        for _ in range(2)
    )
    expect(
        all(torch.equal(a, b) for a, b in zip(first, second, strict=True)),
        f"{component}: the same logits give other numbers the second time. What has a state, which a checkpoint must "
        "keep, is a ganzoo.Regularizer that is an nn.Module, too.",
    )


def what_it_reports_are_numbers(component: Component) -> None:
    """report() gives finite scalars by name."""
    loss = component.build()
    for shape in SHAPES:
        for name, value in loss.report(*_logits(shape)).items():
            expect(
                isinstance(value, Tensor) and value.shape == () and value.isfinite(),
                f"{component}: report() gives {name!r} as {value!r}, not a finite scalar. Take its .mean().",
            )


def _logits(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return torch.full(shape, 0.25, requires_grad=True), torch.full(shape, 0.25, requires_grad=True)


def _generator(loss: Any, real: Tensor, fake: Tensor) -> Tensor:
    """Whether it needs real logits without saying so is a promise of its own."""
    value: Tensor
    try:
        value = loss.generator(real if loss.uses_real else None, fake)
    except Exception:
        value = loss.generator(real, fake)
    return value


def _both(loss: Any, real: Tensor, fake: Tensor) -> Iterator[tuple[str, Tensor, tuple[Tensor, Tensor]]]:
    yield "discriminator", loss.discriminator(real, fake), (real, fake)
    yield "generator", _generator(loss, real, fake), (real, fake)
