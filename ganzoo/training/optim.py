"""Each player's optimizer, built without importing torch._dynamo.

torch.optim is written so that torch.compile can trace it: some methods are marked as not to be compiled, and step()
breaks the compiled graph. Both import torch._dynamo on their first call, which takes longer than importing torch and
some 90 MiB. ganzoo compiles networks (run.compile), never optimizers, so the marks and breaks are left out; the numbers
are the same. An unknown version of torch, and optimizers that are not torch's, are left as they are: a run then merely
starts more slowly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import MethodType

import torch
from torch import nn
from torch.optim import Optimizer, optimizer

from ganzoo.config.component import PerPlayer
from ganzoo.config.instantiate import REFUSALS
from ganzoo.errors import GanzooError, RecipeError

OptimizerFactory = Callable[[str, list[nn.Parameter]], Optimizer]
"""(player, its parameters) -> its optimizer."""


def optimizer_factory(settings: PerPlayer) -> OptimizerFactory:
    """Return the function that builds each player's optimizer.

    The function raises RecipeError with the player and the reason when the optimizer refuses its settings.
    """
    remove_marks()

    def make(player: str, parameters: list[nn.Parameter]) -> Optimizer:
        blueprint = settings.of(player)
        try:
            return remove_graph_break(blueprint(parameters))
        except GanzooError:
            raise
        except REFUSALS as error:
            raise RecipeError(f"[optimizer] {blueprint.entry.name!r} for {player!r}: {error}") from error

    return make


def remove_marks() -> None:
    """Let every optimizer's marked methods run as they are. Call it before the first optimizer is built."""
    mark = getattr(torch, "_disable_dynamo", None)
    if mark is None or "torch._dynamo" in sys.modules:
        return
    marked = mark(lambda: None).__code__  # all marked functions share this code object
    for method in vars(Optimizer).values():
        if getattr(method, "__code__", None) is marked:
            method.__wrapped__.__dynamo_disable = method.__wrapped__


def remove_graph_break(one: Optimizer) -> Optimizer:
    """Give a torch optimizer a step() without the graph break. Gradients stay unrecorded, and hooks still run."""
    breaking = getattr(optimizer, "_use_grad_for_differentiable", None)
    step = getattr(type(one).step, "__wrapped__", None)  # below the hooks
    if breaking is None or one.defaults.get("differentiable"):
        return one
    if getattr(step, "__code__", None) is breaking(lambda: None).__code__:
        plain = torch.no_grad()(step.__wrapped__)  # type: ignore[union-attr]
        one.step = MethodType(Optimizer.profile_hook_step(plain), one)  # type: ignore[method-assign]
    return one
