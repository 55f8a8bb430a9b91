"""A classifier that learned from a few labels: its errors where it saw none, and those without unlabelled samples."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import ganzoo
from ganzoo.config import instantiate
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from ganzoo.training import optim

STEPS = 500  # of the same network that learns from the labels alone


def judge(run: ganzoo.Run) -> str:
    """On the test part of the data, or else on all examples whose labels were not given."""
    plugins = discovery.load()
    recipe = run.recipe(plugins.zoo)
    procedure = ganzoo.load(run, plugins).procedure
    labelled = procedure.labelled
    x, y, where = held_out(recipe, labelled.x.flatten(0, 1))
    error = 100 - accuracy(procedure.D, x, y)
    torch.manual_seed(0)
    alone = instantiate.procedure(recipe, run.spec)
    alone.labelled = labelled
    optimizer = optim.optimizer_factory(recipe.optimizer)(
        "discriminator", [p for p in alone.D.parameters() if p.requires_grad]
    )
    for _ in range(STEPS):
        optimizer.zero_grad()
        given, named = labelled.draw(recipe.run.batch_size)
        cross_entropy(alone.classify(given), named).backward()
        optimizer.step()
    return (
        f"{error:.1f} % of {len(y):,} {where} wrong with {int(labelled.taken.sum())} labels; the same network from the "
        f"labels alone {100 - accuracy(alone.D, x, y):.1f} %"
    )


def held_out(recipe: object, labelled: Tensor) -> tuple[Tensor, Tensor, str]:
    """Examples (N, *shape), their classes (N,), and what they are."""
    blueprint = recipe.dataset  # type: ignore[attr-defined]
    if "train" in inspect.signature(blueprint.entry.load()).parameters:
        whole = blueprint(train=False).tensors()
        return normalised(whole)["x"], whole["y"], "test images"
    whole = normalised(instantiate.dataset(recipe).tensors())  # type: ignore[arg-type]
    new = (whole["x"].flatten(1)[:, None] != labelled.flatten(1)[None]).any(2).all(1)  # (N,)
    return whole["x"][new], whole["y"][new], "images without a label"


@torch.no_grad()
def accuracy(classifier: nn.Module, x: Tensor, y: Tensor) -> float:
    """In percent, evaluating."""
    classifier.eval()
    read = torch.cat([classifier.classify(part).argmax(1) for part in x.split(500)])  # type: ignore[operator]
    return 100 * (read == y).float().mean().item()
