"""Building of a recipe on the meta device: all components and shapes, without memory, data or training."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ganzoo.config import instantiate
from ganzoo.config.recipe import Recipe
from ganzoo.data import sampler
from ganzoo.data.loader import batches_per_epoch
from ganzoo.errors import DataError
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.registry.zoo import Zoo
from ganzoo.training import device, memory, optim
from ganzoo.training.engine import owned
from ganzoo.training.session import memory_need
from ganzoo.utils import distributed
from ganzoo.utils.meta import meta_device


def inspect(recipe: Recipe, zoo: Zoo) -> dict[str, Any]:
    """Build a recipe on the meta device, and describe what it would train.

    Missing data is a remark, not an error, if the dataset knows its shape without it.

    Args:
        recipe: The recipe.
        zoo: The components, for the evaluation.

    Returns:
        The description, for JSON; "memory_bytes" is the memory of weights, gradients, optimizers and averaged weights.

    Raises:
        GanzooError: The recipe cannot be trained, as a run would find out before its first step.
    """
    accelerator = device.accelerator(recipe.run)
    dataset = instantiate.dataset(recipe)
    spec = dataset.spec
    remarks = []
    try:
        length = len(dataset)
    except DataError as error:
        remarks.append(f"the data is not there yet: {error.message}")
    else:
        batches_per_epoch(length, recipe.run.batch_size, distributed.world_size())
        if recipe.run.balance:
            sampler.balanced(dataset)
    with meta_device():
        procedure = instantiate.procedure(recipe, spec)
        instantiate.check_fit(procedure, spec)
        instantiate.check_batch(procedure, recipe.run.batch_size)
    if recipe.evaluate.every:
        Evaluator(recipe, dataset, zoo, procedure.conditional)
    optimizers = optim.optimizer_factory(recipe.optimizer)
    needed = memory_need(recipe, dataset, procedure, optimizers)
    memory.compare(needed, accelerator.device)
    if recipe.run.compile:
        instantiate.check_compile(procedure)
    players = {}
    for player, trained in owned(procedure).items():
        stand_ins = [nn.Parameter(torch.zeros(()).expand(p.shape)) for p in trained]  # one number each, on the CPU
        optimizers(player, stand_ins)
        numbers = sum(p.numel() for p in trained)
        players[player] = {"parameters": numbers, "optimizer": recipe.optimizer.of(player).entry.full_name}
    return {
        "recipe": recipe.name,
        "dataset": recipe.dataset.entry.full_name,
        "spec": {"shape": list(spec.shape), "classes": spec.classes, "vocab": spec.vocab},
        "procedure": recipe.procedure.entry.full_name,
        "parts": {
            name: [blueprint.entry.full_name for blueprint in (part if isinstance(part, list) else [part])]
            for name, part in recipe.parts.items()
        },
        "players": players,
        "sample_shape": [recipe.run.batch_size, *spec.shape],
        "memory_bytes": needed.networks,
        "remarks": remarks,
    }
