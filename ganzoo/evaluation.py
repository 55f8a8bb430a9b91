"""Evaluation from Python: ganzoo.evaluate(run)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ganzoo.api import with_objects
from ganzoo.config import instantiate
from ganzoo.config.overrides import table_of
from ganzoo.config.recipe import Recipe
from ganzoo.config.resolver import changed
from ganzoo.errors import DataError, RecipeError, RunError
from ganzoo.interfaces import Dataset
from ganzoo.metrics import selection
from ganzoo.metrics.evaluator import Evaluator, weights
from ganzoo.objects import absent
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import layout, retention, scores
from ganzoo.runs.resumable import DATA_PATH, DATA_PATHS
from ganzoo.runs.scores import Score, Scores
from ganzoo.sampling.run import Run
from ganzoo.utils import rng

CHANGEABLE_TABLES = ("evaluate", "extractor", "metric")


def evaluate(
    run: Run | str | Path,
    metrics: Sequence[str] = (),
    *,
    samples: int | None = None,
    seed: int | None = None,
    extractor: str | None = None,
    changes: Iterable[str] = (),
    plugins: discovery.Plugins | None = None,
    told: Callable[[str], None] = lambda text: None,
    progress: Callable[[str], None] = lambda text: None,
    **objects: Any,
) -> list[Score]:
    """Compute the scores of a checkpoint, and append them to scores.jsonl in the run folder.

    Args:
        run: A run or run folder, of which the newest checkpoint is evaluated, or a checkpoint folder.
        metrics: Names of metrics; by default those of the recipe, or all that apply if it has none.
        samples: Number of generated samples; by default that of the recipe, or else 2,000, or the number of held-out
            samples if that is smaller.
        seed: Seed of the samples' noise; by default that of the recipe.
        extractor: Name of the extractor that computes the features; by default that of the recipe, or one that fits
            the data.
        changes: Overrides of [evaluate], [[metric]] and [extractor], such as "extractor.least=0.6"; and
            "dataset.path=..." where the data has moved.
        plugins: The plugins that components come from; by default those of the run, or all
            installed ones.
        told: Called with a message for each default metric that is left out.
        progress: Called with a line of text before the samples are generated, and for each metric.
        **objects: Objects that the run was trained with, by table: dataset=..., generator=...

    Returns:
        The scores, in the order of the metrics. `ganzoo.metrics.verdict` puts them into words.

    Raises:
        RunError: There is no run or checkpoint, it cannot be read, or the scores cannot be written.
        DataError: The data is missing, or is not what the run was trained on although its path was changed.
        IncompatibleError: A metric or extractor does not fit the data or the model.
        SetupError: Something that the extractor needs has to be installed or downloaded first; or a training is
            running in another thread.
    """
    options = {"evaluate.samples": samples, "evaluate.seed": seed}
    overrides = [f"{key}={value}" for key, value in options.items() if value is not None]
    changes = [*changes]
    with rng.owned():
        run, folder = Run.find(run)
        plugins = with_objects(run, plugins, objects)
        recipe = evaluated_recipe(run, plugins.zoo, metrics, extractor, [*overrides, *changes])
        dataset = instantiate.dataset(recipe)
        if any(map(_is_place, changes)):
            _check_same_data(run, recipe, dataset)
        return _evaluate(run, folder or run.latest, recipe, dataset, plugins, told, progress)


def _evaluate(
    run: Run,
    folder: Path,
    recipe: Recipe,
    dataset: Dataset,
    plugins: discovery.Plugins,
    told: Callable[[str], None],
    progress: Callable[[str], None],
) -> list[Score]:
    """Compute and append the scores of a checkpoint by the metrics of a recipe; see evaluate()."""
    model = run.load(folder, plugins)
    evaluator = Evaluator(recipe, dataset, plugins.zoo, model.procedure.conditional, progress)
    averaged = (folder / "ema.safetensors").is_file()
    results = evaluator(model.sample, retention.step_of(folder), weights(averaged))
    for name, why in evaluator.left_out.items():
        told(f"{name} is left out: {why}")
    path = run.folder / layout.SCORES
    try:
        scores.append(path, results)
    except OSError as error:
        values = ", ".join(f"{score.name} {score.value:.4g}" for score in results)
        raise RunError(
            f"{path} cannot be written: {error.strerror}. Make room, or move it away. These scores are not in it: "
            f"{values}"
        ) from error
    return Scores(results)


def evaluated_recipe(
    run: Run, zoo: Zoo, metrics: Sequence[str], extractor: str | None, changes: Iterable[str]
) -> Recipe:
    """Return the recipe of a run with other metrics, another extractor, or other settings of them.

    Args:
        run: The run.
        zoo: The components that names are looked up in.
        metrics: Names of metrics; none to keep those of the recipe.
        extractor: Name of an extractor; None to keep that of the recipe.
        changes: Overrides of [evaluate], [[metric]] and [extractor], and of the path of the data.

    Returns:
        The recipe. Metrics and extractors that it had already keep their settings.

    Raises:
        RecipeError: A change concerns another table, or a component or setting is wrong.
    """
    tree: dict[str, Any] = run.resolved["recipe"]
    zoo = absent.completed(zoo, tree, str(run.folder))
    if metrics:
        tables = {zoo.find("metric", table["use"]): table for table in tree.get("metric", [])}
        tree["metric"] = [tables.get(zoo.find("metric", name), {"use": name}) for name in metrics]
        tree.get("evaluate", {}).pop("best", None)  # may be a result of another metric, and only training uses it
    if extractor and not _names(tree.get("extractor"), extractor, zoo):
        tree["extractor"] = {"use": extractor}
    changes = [*changes]
    if any(change.startswith("metric.") for change in changes) and "metric" not in tree:
        raise RecipeError("metric.0 is the first metric, and there is none: name it by --metric.")
    if any(change.startswith("extractor.") for change in changes) and "extractor" not in tree:
        recipe = run.recipe(zoo, [*filter(_is_place, changes)])
        tree["extractor"] = {
            "use": selection.extractors(recipe, instantiate.dataset(recipe), zoo)[0].blueprint.entry.full_name
        }
    for change in changes:
        if table_of(change) not in CHANGEABLE_TABLES and not _is_place(change):
            raise RecipeError(f"{change!r}: an evaluation can change only {', '.join(CHANGEABLE_TABLES)}, {DATA_PATH}.")
    return changed(tree, changes, zoo, str(run.folder / layout.RESOLVED), name=run.resolved["name"])[0]


def _is_place(change: str) -> bool:
    """Return True for a change of where the data is."""
    return change.partition("=")[0].strip() in DATA_PATHS


def _check_same_data(run: Run, recipe: Recipe, dataset: Dataset) -> None:
    """Raise DataError if a dataset is not the one that the run was trained on."""
    before = run.provenance.get("dataset_fingerprint")
    with rng.seeded(recipe.run.seed):
        now = dataset.fingerprint()
    if before != now:
        raise DataError(
            f"the data at {recipe.dataset.settings.get('path')!r} is not what {run.folder.name} was trained on: its "
            f"fingerprint was {before}, is {now}. Set {DATA_PATH} to where that data is."
        )


def _names(table: Any, extractor: str, zoo: Zoo) -> bool:
    """Return True when a table is one of this extractor, whose settings are then kept."""
    return table is not None and zoo.find("extractor", table["use"]) == zoo.find("extractor", extractor)
