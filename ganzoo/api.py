"""The commands as Python: ganzoo.train(recipe) and ganzoo.load(run)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ganzoo.config import instantiate, locate, overrides, resolver
from ganzoo.registry import discovery
from ganzoo.runs import checkpoint, retention
from ganzoo.runs.run import Run
from ganzoo.sampling.model import Model
from ganzoo.sharing.load import load as load_export
from ganzoo.sharing.place import folder_of, stem_of
from ganzoo.training import loop, state


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
    found, _ = resolver.read(locate.find(str(recipe), plugins), overrides.assignments_of(changes or {}), plugins.zoo)
    return loop.train(found, plugins, Path(out))


def load(run: Run | str | Path, plugins: discovery.Plugins | None = None) -> Model:
    """The trained networks of a run (its newest checkpoint), of one checkpoint folder, of what `ganzoo export` wrote,
    or of OWNER/NAME[@REVISION] on the Hugging Face Hub. Needs none of the data, until a translator samples.

    Averaged weights are used where the run has them. Errors: RunError; for an export that was tampered with too.
    """
    plugins = plugins or discovery.load()
    if not isinstance(run, Run) and (shared := folder_of(run)):
        return load_export(shared, plugins)
    run, chosen = find(run)
    recipe = run.recipe(plugins.zoo)
    saved = checkpoint.read(chosen or run.latest)
    with torch.random.fork_rng(devices=[]):  # building seeds the generator, and the caller's is none of ours
        procedure = instantiate.procedure(recipe, run.spec)
    state.load_weights(procedure, saved)
    for name, parameter in procedure.named_parameters():
        if name in saved.tensors.get("ema", {}):
            parameter.data.copy_(saved.tensors["ema"][name])
    return Model(procedure.eval(), run.spec, run.resolved["class_names"], run.resolved.get("words", []), recipe)


def beside(place: Run | str | Path, name: str) -> Path:
    """Where what is drawn from a model is put unless somebody says: in the folder of a run. An export stays as it is:
    beside its folder, and in the current one for a model of the Hub.

    Errors: RunError.
    """
    if isinstance(place, Run) or not (stem := stem_of(place)):
        return find(place)[0].folder / name
    return stem.with_name(f"{stem.name}-{name}")


def find(place: Run | str | Path) -> tuple[Run, Path | None]:
    """The run of a run folder, a folder of runs or a checkpoint, and that checkpoint. Errors: RunError.

    RUN/checkpoints/best and RUN/checkpoints/latest are checkpoints too.
    """
    if isinstance(place, Run):
        return place, None
    place = Path(place).absolute()
    if place.name in ("best", "latest") and (pointed := retention.pointed_to(place.parent, place.name)):
        place = pointed
    if (place / "manifest.json").is_file():
        return Run.open(place.parents[1]), place
    return Run.open(place), None
