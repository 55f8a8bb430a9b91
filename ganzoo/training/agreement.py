"""Agreement of several processes on what they train, before they exchange anything else."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import torch

from ganzoo.config.recipe import Recipe
from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Dataset
from ganzoo.runs.resume import comparable
from ganzoo.utils import distributed


def require(recipe: Recipe, dataset: Dataset, device: torch.device) -> None:
    """Check that every process trains the same recipe on the same data; each waits for the others.

    Processes that disagree would average gradients of different trainings, or wait for each other for ever.

    Args:
        recipe: The recipe of this process.
        dataset: Its dataset.
        device: The device that it trains on.

    Raises:
        IncompatibleError: They disagree; raised in every process.
    """
    if distributed.world_size() == 1:
        return
    mine = comparable(recipe)
    same = distributed.are_equal([digest(mine), digest(dataset.fingerprint())], device)
    if all(same):
        return
    first = json.loads(distributed.broadcast_text(json.dumps(mine)))
    what = " and ".join(name for name, agreed in zip(("the recipe", "the data"), same, strict=True) if not agreed)
    message = f"the {distributed.world_size()} processes do not agree on {what}. Start all of them with the same "
    message += "recipe, settings and data."
    if lines := differences(first, mine):
        message += f" Process {distributed.rank()}: {'; '.join(lines)}."
    raise IncompatibleError(message)


def digest(value: Any) -> bytes:
    """Return the SHA-256 of a value of JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()


def differences(first: Any, here: Any, name: str = "") -> list[str]:
    """List the settings in which the first process and this one differ.

    Args:
        first: Settings of the first process.
        here: Settings of this process.
        name: Name of the table.

    Returns:
        Sentences such as "run.seed is 7, and 0 in process 0".
    """
    if not (isinstance(first, dict) and isinstance(here, dict)):
        return [f"{name} is {json.dumps(here)}, and {json.dumps(first)} in process 0"] if first != here else []
    return [
        line
        for key in {**first, **here}
        for line in differences(first.get(key), here.get(key), f"{name}.{key}" if name else key)
    ]
