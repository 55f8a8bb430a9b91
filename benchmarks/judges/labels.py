"""Judge of semi-supervised GANs: error of the classifier, and of the same network trained on the labels alone."""

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

STEPS = 500  # training steps of the network that learns from the labels alone


def judge(run: ganzoo.Run) -> str:
    """Report errors on the test split, or, without one, on all examples whose labels were not used."""
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
        "discriminator", [(name, p) for name, p in alone.D.named_parameters() if p.requires_grad]
    )
    for _ in range(STEPS):
        optimizer.zero_grad()
        images, classes = labelled.draw(recipe.run.batch_size)
        cross_entropy(alone.classify(images), classes).backward()
        optimizer.step()
    return (
        f"{error:.1f} % of {len(y):,} {where} wrong with {int(labelled.taken.sum())} labels; the same network from the "
        f"labels alone {100 - accuracy(alone.D, x, y):.1f} %"
    )


def held_out(recipe: object, labelled: Tensor) -> tuple[Tensor, Tensor, str]:
    """Return test examples.

    Args:
        recipe: Recipe of the run.
        labelled: Examples whose labels were used, (M, *shape).

    Returns:
        The examples (N, *shape), their classes (N,), and a description.
    """
    blueprint = recipe.dataset  # type: ignore[attr-defined]
    if "train" in inspect.signature(blueprint.entry.load()).parameters:
        whole = blueprint(train=False).tensors()
        return normalised(whole)["x"], whole["y"], "test images"
    whole = normalised(instantiate.dataset(recipe).tensors())  # type: ignore[arg-type]
    unlabelled = (whole["x"].flatten(1)[:, None] != labelled.flatten(1)[None]).any(2).all(1)  # (N,)
    return whole["x"][unlabelled], whole["y"][unlabelled], "images without a label"


@torch.no_grad()
def accuracy(classifier: nn.Module, x: Tensor, y: Tensor) -> float:
    """Return the accuracy in percent, with the classifier in evaluation mode."""
    classifier.eval()
    predicted = torch.cat([classifier.classify(part).argmax(1) for part in x.split(500)])  # type: ignore[operator]
    return 100 * (predicted == y).float().mean().item()
