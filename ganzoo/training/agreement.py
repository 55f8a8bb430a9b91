"""Agreement of several processes on what they train, before they exchange anything else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch

from ganzoo.config.recipe import Recipe
from ganzoo.errors import IncompatibleError, one_line
from ganzoo.interfaces import Dataset
from ganzoo.procedure import Procedure
from ganzoo.runs import layout
from ganzoo.runs.resume import Start, comparable
from ganzoo.utils import distributed, regular

LISTED = 5  # differences that a message names
NETWORKS = "the networks"


def require(
    recipe: Recipe, dataset: Dataset, procedure: Procedure, others: Mapping[str, Any], device: torch.device
) -> None:
    """Check that every process trains the same recipe on the same data; each waits for the others.

    Processes that disagree would average gradients of different trainings, or wait for each other for ever.

    Args:
        recipe: The recipe of this process.
        dataset: Its dataset.
        procedure: Its networks.
        others: What else has to be alike, by name: values of JSON.
        device: The device that it trains on.

    Raises:
        IncompatibleError: They disagree; raised in every process.
    """
    if distributed.world_size() == 1:
        return
    shown = {"the recipe": comparable(recipe), **others}
    mine = {"the data": dataset.fingerprint(), NETWORKS: _shapes(procedure), **shown}
    same = distributed.are_equal([digest(value) for value in mine.values()], device)
    subjects = [name for name, agreed in zip(mine, same, strict=True) if not agreed]
    if not subjects:
        return
    first = json.loads(distributed.broadcast_text(json.dumps(shown)))
    if len(subjects) > 1 and NETWORKS in subjects:
        subjects.remove(NETWORKS)  # they follow from the others
    message = f"the {distributed.world_size()} processes do not agree on {' and '.join(sorted(subjects, reverse=True))}"
    message += ". Start all of them with the same command, recipe, settings, data and packages."
    lines = [line for name, value in shown.items() for line in differences(first[name], value)]
    if lines:
        more = [f"and {len(lines) - LISTED} more"] if len(lines) > LISTED else []
        message += f" Process {distributed.rank()}: {'; '.join([*lines[:LISTED], *more])}."
    raise IncompatibleError(message)


def describe_start(start: Start | None) -> dict[str, str]:
    """Return the checkpoint at which a process starts, for require(): its name and the digest of its manifest."""
    if start is None:
        return {"checkpoint": "none"}
    try:
        content = regular.read(start.checkpoint / layout.MANIFEST)
    except OSError:
        content = b""  # reading the checkpoint says what is wrong with it
    return {"checkpoint": f"{start.checkpoint.name} ({hashlib.sha256(content).hexdigest()[:12]})"}


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
        return [f"{name} is {_shown(here)}, and {_shown(first)} in process 0"] if first != here else []
    return [
        line
        for key in {**first, **here}
        for line in differences(first.get(key), here.get(key), f"{name}.{key}" if name else key)
    ]


def _shown(value: Any) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value))


def _shapes(procedure: Procedure) -> list[str]:
    """Return names, shapes and types of all weights and buffers."""
    return [f"{name} {tuple(tensor.shape)} {tensor.dtype}" for name, tensor in procedure.state_dict().items()]
