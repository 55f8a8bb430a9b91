"""Outputs of a network, compared bit by bit."""

from __future__ import annotations

from typing import Any

import torch
from accelerate.utils import set_seed
from torch import Tensor

from ganzoo.interfaces import Spec
from ganzoo.testing.component import Component


def judged(network: Any, x: Tensor, y: Tensor | None, seed: int) -> Tensor:
    """forward() without gradients, on copies, whatever it draws by itself being drawn from `seed`."""
    set_seed(seed)
    with torch.no_grad():
        output: Tensor = network(x.clone(), y if y is None else y.clone())
    return output


def same(a: Tensor, b: Tensor) -> bool:
    """Equal bit by bit, not-a-number equal to itself."""
    return a.shape == b.shape and a.dtype == b.dtype and torch.equal(a.nan_to_num(), b.nan_to_num())


def draws_nothing(component: Component, network: Any, spec: Spec) -> bool:
    """Whether an output depends on the input alone."""
    return _agree(component, network, spec, 3, 4)


def repeats(component: Component, network: Any, spec: Spec) -> bool:
    """Whether one seed gives one output, twice."""
    return _agree(component, network, spec, 3, 3)


def _agree(component: Component, network: Any, spec: Spec, seed: int, another: int) -> bool:
    x, y = component.given(network, spec, 3)
    return same(judged(network, x, y, seed), judged(network, x, y, another))
