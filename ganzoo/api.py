"""The commands as Python: ganzoo.train(recipe) and ganzoo.load(run)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganzoo import build, checkpoint, discovery, library, overrides, resolve, rotation, state, training
from ganzoo.model import Model
from ganzoo.run import Run


def train(
    recipe: str | Path,
    changes: Mapping[str, Any] | None = None,
    *,
    out: str | Path = "runs",
    plugins: discovery.Plugins | None = None,
) -> Run:
    """Train a recipe, given by name or path, with changes such as {"run.steps": 500}. Returns the finished run.

    Errors: GanzooError; its message says what to do.
    """
    plugins = plugins or discovery.load()
    found, _ = resolve.read(library.locate(str(recipe), plugins), overrides.assignments_of(changes or {}), plugins.zoo)
    return training.train(found, plugins, Path(out))


def load(run: Run | str | Path, plugins: discovery.Plugins | None = None) -> Model:
    """The trained networks of a run (its newest checkpoint), or of one checkpoint folder; needs none of the data,
    until a translator is asked for samples.

    Averaged weights are used where the run has them. Errors: RunError.
    """
    plugins = plugins or discovery.load()
    run, chosen = find(run)
    recipe = run.recipe(plugins.zoo)
    saved = checkpoint.read(chosen or run.latest)
    with torch.random.fork_rng(devices=[]):  # building seeds the generator, and the caller's is none of ours
        procedure = build.procedure(recipe, run.spec)
    state.load_weights(procedure, saved)
    for name, parameter in procedure.named_parameters():
        if name in saved.tensors.get("ema", {}):
            parameter.data.copy_(saved.tensors["ema"][name])
    return Model(procedure.eval(), run.spec, run.resolved["class_names"], run.resolved.get("words", []), recipe)


def find(place: Run | str | Path) -> tuple[Run, Path | None]:
    """The run of a run folder, a folder of runs or a checkpoint, and that checkpoint. Errors: RunError.

    RUN/checkpoints/best and RUN/checkpoints/latest are checkpoints too.
    """
    if isinstance(place, Run):
        return place, None
    place = Path(place).absolute()
    if place.name in ("best", "latest") and (pointed := rotation.pointed_to(place.parent, place.name)):
        place = pointed
    if (place / "manifest.json").is_file():
        return Run.open(place.parents[1]), place
    return Run.open(place), None
