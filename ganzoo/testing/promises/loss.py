"""What a ganzoo.Loss promises."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.testing.check import expect
from ganzoo.testing.component import Component

SHAPES = ((4,), (4, 1, 2, 2))  # logits of samples, and of patches


def _logits(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    return torch.full(shape, 0.25, requires_grad=True), torch.full(shape, 0.25, requires_grad=True)


def the_discriminator_pushes_real_up_and_fake_down(component: Component) -> None:
    """Descending its loss makes logits of real samples larger, and those of fakes smaller."""
    loss = component.build()
    for shape in SHAPES:
        real, fake = _logits(shape)
        up, down = torch.autograd.grad(loss.discriminator(real, fake), [real, fake])
        expect(
            (up < 0).all() and (down > 0).all(),
            f"{component}: discriminator() falls when real logits fall or fake ones rise. Its sign is the wrong way "
            "round: a player minimises what it is given, so that a value to be maximised is returned with a minus.",
        )
