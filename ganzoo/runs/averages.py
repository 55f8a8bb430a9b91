"""Snapshots of averaged weights in a run folder, and any average of the run rebuilt from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor

from ganzoo.errors import RunError
from ganzoo.runs import layout
from ganzoo.utils import atomic, power_average, regular

NAME = re.compile(r"step-(\d{8})-([a-z][a-z0-9_]*)\.safetensors")
FEWEST = 2  # snapshots of different shapes that can be combined


class Snapshot(NamedTuple):
    """A snapshot of an average.

    Attributes:
        step: Number of steps that it averages.
        average: Its name in `run.averages`.
        path: The file.
    """

    step: int
    average: str
    path: Path


def write(folder: Path, step: int, averages: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Write a snapshot of each average.

    Args:
        folder: The run folder.
        step: Number of steps done.
        averages: The averaged weights, by the name of the average.

    Raises:
        OSError: A file cannot be written.
    """
    for name, tensors in averages.items():
        content = safetensors.torch.save({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})
        (folder / layout.AVERAGES).mkdir(exist_ok=True)
        atomic.write_file(folder / layout.AVERAGES / f"step-{step:08d}-{name}.safetensors", content)


def find(folder: Path, until: int) -> list[Snapshot]:
    """Return the snapshots of a run up to a step, in order."""
    found = []
    for path in sorted((folder / layout.AVERAGES).glob("*.safetensors")):
        if (match := NAME.fullmatch(path.name)) and 0 < int(match[1]) <= until:
            found.append(Snapshot(int(match[1]), match[2], path))
    return found


def rebuild(folder: Path, widths: Mapping[str, float], step: int, width: float) -> dict[str, Tensor]:
    """Rebuild an average of another width (arXiv:2312.02696, section 3.2).

    Args:
        folder: The run folder.
        widths: Width of each average with `power`, by name.
        step: Number of steps to average.
        width: Standard deviation of the profile as a share of these steps, such as 0.1.

    Returns:
        The averaged weights, by their names in the procedure.

    Raises:
        RunError: The run has too few snapshots, or one is damaged.
    """
    snapshots = [snapshot for snapshot in find(folder, step) if snapshot.average in widths]
    if len(snapshots) < FEWEST:
        raise RunError(
            f"{folder} has {len(snapshots)} snapshots of averages, and at least {FEWEST} are needed to rebuild one: "
            "train with run.snapshots=N, and two averages such as run.averages.narrow.power=0.05 and "
            "run.averages.wide.power=0.1."
        )
    times, sigmas = [one.step for one in snapshots], [widths[one.average] for one in snapshots]
    factors = power_average.combination(times, sigmas, step, width)
    total: dict[str, Tensor] = {}
    for factor, snapshot in zip(factors, snapshots, strict=True):
        for name, tensor in _read(snapshot.path).items():
            total[name] = total.get(name, 0) + factor * tensor.double()
    return {name: tensor.float() for name, tensor in total.items()}


def _read(path: Path) -> dict[str, Tensor]:
    try:
        with regular.open_file(path) as file:
            return safetensors.torch.load(file.read())
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} cannot be read: {error}. Remove it, to rebuild averages without it.") from error
