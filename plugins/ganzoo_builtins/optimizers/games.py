"""Optimizers for games, in which gradient descent of both players circles around the equilibrium or leaves it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

Fraction = Annotated[float, Field(ge=0, lt=1)]


class OptimisticAdam(Adam):
    """Optimistic Adam, Daskalakis, Ilyas, Syrgkanis and Zeng 2018 (arXiv:1711.00141), Algorithm 1.

    With Adam's step u the update is theta - 2 lr u(t) + lr u(t-1): what the opponent is about to do is predicted to be
    what it has just done. It is also extragradient with extrapolation from the past (arXiv:1802.10551), written for
    the extrapolated weights, at the cost of one gradient a step.

    Args:
        params: Parameters of the player.
        lr: Learning rate.
        betas: Decay rates of the averages of gradients and of their squares.
        eps: Added to the denominator.
        weight_decay: Weight of a squared norm of the weights that is added to the loss.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: PositiveFloat = 1e-3,
        betas: tuple[Fraction, Fraction] = (0.9, 0.999),
        eps: PositiveFloat = 1e-8,
        weight_decay: NonNegativeFloat = 0.0,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, fused=True)
        be_optimistic(self)


class Lookahead(Adam):
    """Adam with lookahead, Zhang et al. 2019 (arXiv:1907.08610), for games as in Chavdarova et al. 2021.

    After every k of its steps, a player goes back to a point between the weights that it had k steps ago and those that
    it has: theta_slow + alpha (theta - theta_slow). Adam's averages are kept. In games this damps rotation
    (arXiv:2006.14567), if all players go back at once: with d_steps moves of the discriminator for one of the
    generator, give the discriminator d_steps times the k.

    Args:
        params: Parameters of the player.
        lr: Learning rate.
        betas: Decay rates of the averages of gradients and of their squares.
        eps: Added to the denominator.
        weight_decay: Weight of a squared norm of the weights that is added to the loss.
        k: Steps from one return to the next; 5 in the authors' code, and up to 10,000 in their experiments.
        alpha: Share of the way that is kept; 0.5 in the paper.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter],
        lr: PositiveFloat = 1e-3,
        betas: tuple[Fraction, Fraction] = (0.9, 0.999),
        eps: PositiveFloat = 1e-8,
        weight_decay: NonNegativeFloat = 0.0,
        k: PositiveInt = 5,
        alpha: Annotated[float, Field(gt=0, le=1)] = 0.5,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, fused=True)
        look_ahead(self, k, alpha)


def be_optimistic(optimizer: Optimizer) -> None:
    """Make an optimizer's steps optimistic: twice the step, minus the last one."""
    optimizer.register_step_pre_hook(remember)
    optimizer.register_step_post_hook(correct)


def look_ahead(optimizer: Optimizer, k: int, alpha: float) -> None:
    """Let an optimizer go back after every k steps, to the share alpha of the way that it has gone."""
    for group in optimizer.param_groups:
        group.update(k=k, alpha=alpha, ahead=0)
    optimizer.register_step_pre_hook(remember)
    optimizer.register_step_post_hook(go_back)


@torch.no_grad()
def remember(optimizer: Optimizer, *_: object) -> None:
    """Keep the weights until the end of a step."""
    vars(optimizer)["before"] = {p: p.detach().clone() for p in _moving(optimizer)}


@torch.no_grad()
def correct(optimizer: Optimizer, *_: object) -> None:
    """Add the difference of this step and the last one."""
    before: dict[nn.Parameter, Tensor] = vars(optimizer).pop("before")
    for p, start in before.items():
        step = p - start
        last = optimizer.state[p].get("last_step", torch.zeros_like(step))
        p.copy_(start + 2 * step - last)
        optimizer.state[p]["last_step"] = step


@torch.no_grad()
def go_back(optimizer: Optimizer, *_: object) -> None:
    """Count the step, and go back if it is time."""
    before: dict[nn.Parameter, Tensor] = vars(optimizer).pop("before")
    for group in optimizer.param_groups:
        group["ahead"] = (group["ahead"] + 1) % group["k"]
        for p in group["params"]:
            if p in before:
                slow = optimizer.state[p].setdefault("slow", before[p])
                if group["ahead"] == 0:
                    slow.lerp_(p, group["alpha"])
                    p.copy_(slow)


def _moving(optimizer: Optimizer) -> list[nn.Parameter]:
    return [p for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
