"""The weights of a trained model as named tensors, without its networks: of a run, a checkpoint or an export."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from ganzoo.errors import GanzooError, RunError
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import checkpoint, layout
from ganzoo.runs.folder import RunFolder
from ganzoo.sharing import config, manifest, weights
from ganzoo.sharing.hub import export_folder
from ganzoo.utils import regular

Kind = Literal["averaged", "trained"]


@dataclass(frozen=True)
class TrainedWeights:
    """Weights and buffers by their names in the procedure that they come from.

    Attributes:
        place: What the user named.
        source: The run and step that they come from, in words.
        step: Steps that they were trained.
        averaged: True when they are averages over training (EMA).
        tensors: The tensors by name.
        classes: Number of classes of the data that they were trained on.
        class_names: Names of these classes; empty if they have none.
        digest: SHA-256 of the manifest, which lists the digest of every file.
    """

    place: str
    source: str
    step: int
    averaged: bool
    tensors: Mapping[str, Tensor]
    classes: int
    class_names: Sequence[str]
    digest: str


def read(place: str, kind: Kind | None = None, plugins: Plugins | None = None) -> TrainedWeights:
    """Read and verify the weights of a trained model. No component of it is looked up, and no code is run.

    Args:
        place: A run folder, of which the newest checkpoint is read; a checkpoint folder; the folder of an export; the
            name of a model that a plugin ships; or OWNER/NAME[@REVISION] on the Hugging Face Hub.
        kind: "averaged" or "trained" weights; by default the average if there is one.
        plugins: The plugins that ship models; by default all installed ones.

    Returns:
        The weights.

    Raises:
        GanzooError: They are missing, damaged, or not of this kind. The message is one line.
    """
    try:
        folder = export_folder(place, plugins)
        found = _of_export(place, folder) if folder else _of_run(place, kind)
    except GanzooError as error:  # of its kind, with the message in one line
        raise type(error)(f"{place!r} cannot be started from: {' '.join(error.message.split())}") from error
    if kind and found.averaged != (kind == "averaged"):
        other = "averaged" if found.averaged else "trained"
        raise RunError(f"{place!r} has no {kind} weights, only {other} ones. Leave out run.start_weights.")
    for name, tensor in found.tensors.items():
        if tensor.is_floating_point() and not tensor.isfinite().all():
            raise RunError(f"{place!r} cannot be started from: {name} is not finite. Use an earlier checkpoint.")
    return found


def _of_run(place: str, kind: Kind | None) -> TrainedWeights:
    run, chosen = RunFolder.find(place)
    folder = chosen or run.latest
    saved = checkpoint.read(folder)
    with checkpoint.fitting():
        averages = saved.tensors.get("ema", {}) if kind != "trained" else {}
        tensors = {**saved.tensors["model"], **averages}  # only the averaged modules have averages
        step = int(saved.states["state"]["step"])
    return TrainedWeights(
        place,
        f"{run.folder.name}, step {step:,}",
        step,
        bool(averages),
        tensors,
        run.spec.classes,
        run.resolved["class_names"],
        _digest(folder / layout.MANIFEST),
    )


def _of_export(place: str, folder: Path) -> TrainedWeights:
    listing = manifest.check(folder)
    exported = config.read(folder, listing)
    path = folder / manifest.WEIGHTS
    weights.check(path, exported.tensors)
    tensors = weights.load(manifest.read_file(folder, manifest.WEIGHTS, listing), str(path))
    return TrainedWeights(
        place,
        f"{exported.run}, step {exported.step:,}",
        exported.step,
        exported.averaged,
        tensors,
        exported.spec.classes,
        exported.class_names,
        _digest(folder / manifest.MANIFEST),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(regular.read(path)).hexdigest()
