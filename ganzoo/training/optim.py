"""Construction of each player's optimizer, without importing torch._dynamo.

torch.optim is written so that torch.compile can trace it: some methods are marked as not to be compiled, and step()
breaks the compiled graph. Both import torch._dynamo on their first call, which takes longer than importing torch and
about 90 MiB of memory. ganzoo compiles networks (run.compile), never optimizers, so this module removes the marks and
breaks; the numbers are the same. Unknown versions of torch, and optimizers that are not torch's, are left as they are:
the only effect is that a run starts more slowly.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import MethodType

import torch
from torch import nn
from torch.optim import Optimizer, optimizer

from ganzoo.config import instantiate
from ganzoo.config.component import PerPlayer
from ganzoo.errors import RecipeError

NamedParameters = list[tuple[str, nn.Parameter]]
"""Parameters with their names in the procedure, such as "G.layers.0.weight"."""
OptimizerFactory = Callable[[str, NamedParameters], Optimizer]
"""(player, its parameters with their names) -> its optimizer."""


def optimizer_factory(settings: PerPlayer) -> OptimizerFactory:
    """Return the function that builds each player's optimizer.

    Args:
        settings: The optimizer of each player, from the recipe.

    Returns:
        A function that raises RecipeError with the player and the reason when the optimizer refuses its settings.
    """
    remove_marks()

    def make(player: str, parameters: NamedParameters) -> Optimizer:
        blueprint = settings.of(player)
        try:
            return remove_graph_break(instantiate.optimizer(blueprint, parameters))
        except RecipeError as error:
            raise RecipeError(f"[optimizer] {blueprint.entry.name!r} for {player!r}: {error.message}") from error

    return make


def remove_marks() -> None:
    """Replace the marked methods of every optimizer by the plain ones; call it before building the first optimizer."""
    mark = getattr(torch, "_disable_dynamo", None)
    if mark is None or "torch._dynamo" in sys.modules:
        return
    marked = mark(lambda: None).__code__  # all marked functions share this code object
    for method in vars(Optimizer).values():
        if getattr(method, "__code__", None) is marked:
            method.__wrapped__.__dynamo_disable = method.__wrapped__


def remove_graph_break(instance: Optimizer) -> Optimizer:
    """Give an optimizer of torch a step() without the graph break; it still runs without gradients, and hooks run."""
    breaking = getattr(optimizer, "_use_grad_for_differentiable", None)
    step = getattr(type(instance).step, "__wrapped__", None)  # below the hooks
    if breaking is None or instance.defaults.get("differentiable"):
        return instance
    if getattr(step, "__code__", None) is breaking(lambda: None).__code__:
        plain = torch.no_grad()(step.__wrapped__)  # type: ignore[union-attr]
        instance.step = MethodType(Optimizer.profile_hook_step(plain), instance)  # type: ignore[method-assign]
    return instance
