"""What an optimizer promises."""

from __future__ import annotations

import json
from typing import Any

import safetensors.torch
import torch
from torch import nn

from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.subjects import Component
from ganzoo.training import state

STEPS = 5


def it_descends(component: Component) -> None:
    """Five steps on the square of a weight make it smaller."""
    weight, optimizer = _started(component)
    before = weight.square().sum().item()
    _steps(weight, optimizer, STEPS)
    after = weight.square().sum().item()
    expect(
        after < before,
        f"{component}: {STEPS} steps on the sum of squares of a weight lead from {before:.4g} to {after:.4g}. It has "
        "to subtract the gradient, and its default learning rate must not overshoot.",
    )


def it_moves_its_own_parameters_only(component: Component) -> None:
    """A parameter that it was not given stays as it is, gradient or not: every player has an optimizer of its own."""
    weight, optimizer = _started(component)
    other = nn.Parameter(torch.randn(4, 4))
    other.grad = torch.ones_like(other)
    before = other.detach().clone()
    _steps(weight, optimizer, 1)
    expect(
        torch.equal(other, before),
        f"{component}: a step moves a parameter that it was not given. Go over self.param_groups, and keep no "
        "parameters in the class or the module: the other player's would move, too.",
    )


def it_has_a_learning_rate(component: Component) -> None:
    """Each of its param_groups has "lr", a number, which schedules multiply."""
    for group in _started(component)[1].param_groups:
        expect(
            isinstance(group.get("lr"), float),
            f'{component}: its groups have no "lr" that is a float. Pass it to Optimizer.__init__ by the defaults: '
            'super().__init__(params, {"lr": lr}).',
        )


def it_goes_on_from_a_checkpoint(component: Component) -> None:
    """Its state, through safetensors and JSON, gives the step that would have come next, bit by bit."""
    weight, optimizer = _started(component)
    _steps(weight, optimizer, STEPS)
    tensors, plain = state.optimizer_state(optimizer)
    try:
        held = safetensors.torch.save({name: one.detach().clone().contiguous() for name, one in tensors.items()})
        words = json.loads(json.dumps(plain))
    except (TypeError, ValueError) as error:
        raise BrokenPromiseError(
            f"{component}: a checkpoint cannot hold its state: {error}. Keep tensors, numbers and texts in "
            "self.state[parameter] and in the groups, and nothing else."
        ) from error
    twin = nn.Parameter(weight.detach().clone())
    resumed = component.build([twin])
    resumed.load_state_dict(state.optimizer_dict(resumed, safetensors.torch.load(held), words))
    _steps(weight, optimizer, 1)
    _steps(twin, resumed, 1)
    expect(
        torch.equal(weight, twin),
        f"{component}: after a checkpoint its next step is another one. Keep all that a step depends on in "
        "self.state[parameter] or in the groups: attributes of the optimizer are in no state_dict().",
    )


def _started(component: Component) -> tuple[nn.Parameter, Any]:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(4, 4))
    return weight, component.build([weight])


def _steps(weight: nn.Parameter, optimizer: Any, n: int) -> None:
    for _ in range(n):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
