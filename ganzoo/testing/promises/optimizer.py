"""Promises of an optimizer."""

from __future__ import annotations

import json
from typing import Any

import safetensors.torch
import torch
from torch import nn

from ganzoo.config import instantiate
from ganzoo.testing.check import BrokenPromiseError, expect
from ganzoo.testing.subjects import Component
from ganzoo.training import state

STEPS = 5


def it_descends(component: Component) -> None:
    """Five steps on the sum of squares of a weight reduce it."""
    weight, optimizer = _weight_and_optimizer(component)
    before = weight.square().sum().item()
    _take_steps(weight, optimizer, STEPS)
    after = weight.square().sum().item()
    expect(
        after < before,
        f"{component}: {STEPS} steps on the sum of squares of a weight change it from {before:.4g} to {after:.4g}. "
        "Subtract the gradient, and choose a default learning rate that does not overshoot.",
    )


def it_moves_its_own_parameters_only(component: Component) -> None:
    """A parameter of another optimizer is not changed, even if it has a gradient: each player has an optimizer."""
    weight, optimizer = _weight_and_optimizer(component)
    other = nn.Parameter(torch.randn(4, 4))
    other.grad = torch.ones_like(other)
    before = other.detach().clone()
    _take_steps(weight, optimizer, 1)
    expect(
        torch.equal(other, before),
        f"{component}: a step changes a parameter that was not passed to it. Iterate over self.param_groups, and keep "
        "no parameters in the class or module: those of the other player would change too.",
    )


def it_has_a_learning_rate(component: Component) -> None:
    """Each of the param_groups has a float "lr", which schedules multiply."""
    for group in _weight_and_optimizer(component)[1].param_groups:
        expect(
            isinstance(group.get("lr"), float),
            f'{component}: its param_groups have no float "lr". Pass it to Optimizer.__init__ in the defaults: '
            'super().__init__(params, {"lr": lr}).',
        )


def it_resumes_from_a_checkpoint(component: Component) -> None:
    """After saving and loading its state by safetensors and JSON, the next step is identical bit by bit."""
    weight, optimizer = _weight_and_optimizer(component)
    _take_steps(weight, optimizer, STEPS)
    tensors, plain = state.optimizer_state(optimizer)
    try:
        saved = safetensors.torch.save({name: tensor.detach().clone().contiguous() for name, tensor in tensors.items()})
        values = json.loads(json.dumps(plain))
    except (TypeError, ValueError) as error:
        raise BrokenPromiseError(
            f"{component}: its state cannot be saved in a checkpoint: {error}. Keep only tensors, numbers and strings "
            "in self.state[parameter] and in the param_groups."
        ) from error
    twin = nn.Parameter(weight.detach().clone())
    resumed = _build(component, twin)
    resumed.load_state_dict(state.optimizer_dict(resumed, safetensors.torch.load(saved), values))
    _take_steps(weight, optimizer, 1)
    _take_steps(twin, resumed, 1)
    expect(
        torch.equal(weight, twin),
        f"{component}: the next step after a checkpoint is different. Keep everything that a step depends on in "
        "self.state[parameter] or in the param_groups: state_dict() does not contain other attributes.",
    )


def _weight_and_optimizer(component: Component) -> tuple[nn.Parameter, Any]:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(4, 4))
    return weight, _build(component, weight)


def _build(component: Component, weight: nn.Parameter) -> Any:
    """Build it for a weight, which is a hidden layer for an optimizer that is given names."""
    others = [nn.Parameter(torch.ones(4, 4)) for _ in range(2)]
    names = ("network.first.weight", "network.hidden.weight", "network.last.weight")
    named = [*zip(names, [others[0], weight, others[1]], strict=True)]
    return component.build(named if instantiate.takes_names(component.target) else [weight])


def _take_steps(weight: nn.Parameter, optimizer: Any, n: int) -> None:
    """Minimise the sum of squares of the weight for n steps."""
    for _ in range(n):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
