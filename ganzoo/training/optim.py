"""torch.optim without torch._dynamo, whose import takes longer than torch's own and some 90 MiB.

Optimizers are written so that torch.compile can meet them: some of their methods are marked as not to be compiled, and
step() breaks the compiled graph. Both import the compiler on their first call. No optimizer of ours is ever compiled
(run.compile compiles networks), so mark and break are left out; the numbers are the same. A torch that is built
otherwise, and an optimizer that is not torch's, are left as they are: a run then merely starts more slowly.
"""

from __future__ import annotations

import sys
from types import MethodType

import torch
from torch.optim import Optimizer, optimizer


def unmark() -> None:
    """Let the marked methods of every optimizer run as they are. Call it before the first one is made."""
    mark = getattr(torch, "_disable_dynamo", None)
    if mark is None or "torch._dynamo" in sys.modules:
        return
    marked = mark(lambda: None).__code__  # all functions that wear the mark share its code
    for method in vars(Optimizer).values():
        if getattr(method, "__code__", None) is marked:
            method.__wrapped__.__dynamo_disable = method.__wrapped__


def unbreak(one: Optimizer) -> Optimizer:
    """The same optimizer, whose step() is torch's without the graph breaks: no gradients are recorded, hooks run."""
    breaking = getattr(optimizer, "_use_grad_for_differentiable", None)
    step = getattr(type(one).step, "__wrapped__", None)  # below the hooks
    if breaking is None or one.defaults.get("differentiable"):
        return one
    if getattr(step, "__code__", None) is breaking(lambda: None).__code__:
        plain = torch.no_grad()(step.__wrapped__)  # type: ignore[union-attr]
        one.step = MethodType(Optimizer.profile_hook_step(plain), one)  # type: ignore[method-assign]
    return one
