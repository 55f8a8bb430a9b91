"""Training and loading from Python: ganzoo.train(recipe), ganzoo.resume(run) and ganzoo.load(run)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from ganzoo.config import instantiate, locate, overrides, resolver
from ganzoo.config.recipe import Recipe
from ganzoo.errors import DataError, RecipeError, RunError
from ganzoo.objects import absent, given, hooks
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import checkpoint
from ganzoo.runs import resume as resumption
from ganzoo.runs.resume import Start
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.sharing.hub import export_folder, output_stem
from ganzoo.sharing.load import load as load_export
from ganzoo.training import loop


def train(
    recipe: str | Path | Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    *,
    dataset: Any = None,
    generator: Any = None,
    discriminator: Any = None,
    loss: Any = None,
    callbacks: Iterable[Any] = (),
    out: str | Path = "runs",
    plugins: Plugins | None = None,
    **components: Any,
) -> Run:
    """Train a recipe.

    A component is the name of a registered one, a table such as {"use": "mlp", "z_dim": 64}, or an object: a class, a
    function that builds the component, or a finished one, of which a copy is trained. It takes the place of the
    recipe's. docs/python.md says which objects fit.

    Args:
        recipe: Name or path of a recipe, or its tables: {"run": {"steps": 500}, "generator": {"use": "mlp"}, ...}.
        changes: Settings to override, such as {"run.steps": 500}, and components, such as {"regularizer+": "r1"};
            {"schedule": None} takes a table out.
        dataset: Samples (N, C, H, W) or (N, F) as a tensor or array, a pair of samples and labels, or a
            `torch.utils.data.Dataset`. Images are uint8, or floats in [-1, 1].
        generator: An `nn.Module`, or what builds one: codes (N, z_dim) -> samples (N, *shape).
        discriminator: An `nn.Module`, or what builds one: samples (N, *shape) -> logits (N,).
        loss: A `ganzoo.Loss`, a pair of functions of logits, or a criterion such as `nn.BCEWithLogitsLoss()`.
        callbacks: Functions that are called with `run`, `t` and `logs` whenever losses are logged, and objects whose
            methods have the names of hooks, such as `ganzoo_run_end`.
        out: Folder in which the run folder is created.
        plugins: The plugins that components come from; by default all installed ones.
        **components: Components of other tables: regularizer=[...], procedure=..., generator_b=...

    Returns:
        The finished run.

    Raises:
        GanzooError: Training cannot start or go on; the message says what to do.
    """
    of_tables = {"dataset": dataset, "generator": generator, "discriminator": discriminator, "loss": loss, **components}
    chosen, zoo = given.choices({table: one for table, one in of_tables.items() if one is not None})
    plugins = _extended(plugins or discovery.load(), zoo)
    assignments = overrides.assignments_of({**chosen, **(changes or {})})
    if isinstance(recipe, Mapping):
        parsed = _from_tables(recipe, assignments, plugins)
    else:
        parsed, _ = resolver.read(locate.find(str(recipe), plugins), assignments, plugins.zoo)
    return _trained(parsed, plugins, callbacks, Path(out))


def resume(
    run: Run | str | Path,
    changes: Mapping[str, Any] | None = None,
    *,
    dataset: Any = None,
    generator: Any = None,
    discriminator: Any = None,
    loss: Any = None,
    callbacks: Iterable[Any] = (),
    other_data: bool = False,
    plugins: Plugins | None = None,
    **components: Any,
) -> Run:
    """Resume a run from its newest checkpoint, as if it had never stopped.

    A run that was trained with objects needs the same ones again, unless it is the one that `train()` returned. Their
    tensors have to have the names and shapes of the checkpoint's, and the data the same fingerprint.

    Args:
        run: A run, a run folder, a folder of runs, of which the newest is resumed, or a checkpoint folder.
        changes: Settings that may change during a run, such as {"run.steps": 2000}.
        dataset: The data, if they were given in Python.
        generator: The generator, likewise.
        discriminator: The discriminator, likewise.
        loss: The loss, likewise.
        callbacks: As for train().
        other_data: Resume even if the data has changed since the run started.
        plugins: The plugins that components come from; by default those of the run, or all installed ones.
        **components: Objects of other tables.

    Returns:
        The finished run; the run as it is when all its steps are trained.

    Raises:
        RunError: There is no run, it has no checkpoint, or the objects are not those that it was trained with.
        DataError: The data is not what the run was trained on.
        GanzooError: Training cannot go on; the message says what to do.
    """
    of_tables = {"dataset": dataset, "generator": generator, "discriminator": discriminator, "loss": loss, **components}
    opened, checkpoint_folder = Run.find(run)
    plugins = with_objects(opened, plugins, of_tables)
    recipe = opened.recipe(plugins.zoo, overrides.assignments_of(changes or {}))
    absent.require(recipe.components())
    start = resumption.at(opened, checkpoint_folder, other_data)
    if resumption.is_finished(start, recipe):
        opened.plugins = plugins
        return opened
    if absent.uses(opened.resolved["recipe"]):
        _check_objects(start, recipe)
    return _trained(recipe, plugins, callbacks, opened.folder.parent, start)


def with_objects(run: Run, plugins: Plugins | None, objects: Mapping[str, Any]) -> Plugins:
    """Return the plugins of a run, with the objects that it was trained with.

    Args:
        run: The run.
        plugins: The plugins that components come from; by default those of the run, or all installed ones.
        objects: Objects by table of the recipe; None for those that are not given.

    Returns:
        The plugins.

    Raises:
        RunError: The run was not trained with such objects.
    """
    plugins = plugins or run.plugins or discovery.load()
    objects = {table: one for table, one in objects.items() if one is not None}
    return _extended(plugins, given.of_run(objects, run.resolved["recipe"], str(run.folder))) if objects else plugins


def _extended(plugins: Plugins, zoo: Zoo, called: Mapping[str, Any] | None = None) -> Plugins:
    """Return plugins with components and callbacks that are in no package."""
    return discovery.extended(plugins, given.PLUGIN, zoo, called or {}) if called or [*zoo] else plugins


def _trained(recipe: Recipe, plugins: Plugins, callbacks: Iterable[Any], out: Path, start: Start | None = None) -> Run:
    """Train with callbacks, which the run does not keep: another training has its own."""
    run = loop.train(recipe, _extended(plugins, Zoo(), hooks.plugins_of(callbacks)), out, start)
    run.plugins = plugins
    return run


def _from_tables(tables: Mapping[str, Any], assignments: Sequence[str], plugins: Plugins) -> Recipe:
    """Resolve a recipe that was given as tables."""
    try:
        text = json.dumps(tables, indent=1, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise RecipeError(
            f"the recipe holds something that no recipe file can: {error}. Give objects as arguments: "
            "ganzoo.train(recipe, generator=...)."
        ) from error
    name = tables["about"].get("gan") if isinstance(tables.get("about"), Mapping) else ""
    tree: dict[str, Any] = json.loads(text)
    name = str(name or "recipe")
    return resolver.changed(tree, assignments, plugins.zoo, "the recipe", name=name, text=text.encode())[0]


def _plain(value: Any) -> str:
    """Return a path as text, for JSON."""
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"a {type(value).__name__}")


def _check_objects(start: Start, recipe: Recipe) -> None:
    """Check that objects fit a checkpoint, before anything is trained or written: the data's spec, names and shapes.

    Args:
        start: The run and the checkpoint.
        recipe: The recipe of the run, with the objects.

    Raises:
        DataError: The samples have another shape, or other classes.
        RunError: The networks have other tensors.
    """
    spec, folder = start.run.spec, start.run.folder
    now = instantiate.dataset(recipe).spec
    if now.description() != spec.description():
        raise DataError(f"{folder} was trained on {spec}, and the data now are {now}: give the data of the run.")
    with torch.random.fork_rng(devices=[]):
        procedure = instantiate.procedure(recipe, spec)
    try:
        checkpoint.check_tensors(checkpoint.read(start.checkpoint).tensors["model"], procedure.state_dict())
    except RunError as error:
        raise RunError(f"{folder} was trained with other networks than those given: {error.message}") from error


def load(
    run: Run | str | Path,
    plugins: Plugins | None = None,
    average: str | float | None = None,
    **objects: Any,
) -> Model:
    """Load a trained model, with averaged weights if the run has them.

    The data is needed only to sample from a translator.

    Args:
        run: A run or run folder, of which the newest checkpoint is loaded; a checkpoint folder; the folder of an
            export; the name of a model that a plugin ships, such as "letters"; or OWNER/NAME[@REVISION] on the Hugging
            Face Hub.
        plugins: The plugins that components come from; by default all installed ones.
        average: Name of an average in `run.averages`, "trained" for weights that are no average, or the width of an
            average to rebuild from snapshots, as a share of the run; by default that of `run.ema`.
        **objects: Objects that the run was trained with, by table: generator=..., discriminator=...

    Returns:
        The model, in evaluation mode.

    Raises:
        RunError: The folder cannot be used, has no such average, or the files of an export differ from its manifest.
    """
    if not isinstance(run, Run) and (export := export_folder(run, plugins)):
        if average is not None:
            raise RunError(
                f"{run} is an export, which holds one set of weights: give the run, or leave out the average."
            )
        if objects:
            raise RunError(f"{run} is an export, which finds its components by name: leave out {', '.join(objects)}.")
        return load_export(export, plugins)
    opened, folder = Run.find(run)
    return opened.load(folder, with_objects(opened, plugins, objects), average)


def default_output(place: Run | str | Path, name: str) -> Path:
    """Return the default path of a file with samples.

    Args:
        place: A run, folder or name, as for load().
        name: The file's name.

    Returns:
        A path inside the run folder; next to the folder of an export; in the working directory for a model of the Hub.

    Raises:
        RunError: There is no run.
    """
    if not isinstance(place, Run) and (stem := output_stem(place)):
        return stem.with_name(f"{stem.name}-{name}")
    return Run.find(place)[0].folder / name
