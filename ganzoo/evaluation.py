"""ganzoo.evaluate(run): the scores of a checkpoint, also written into the run's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from ganzoo.config import instantiate
from ganzoo.config.overrides import override
from ganzoo.config.recipe import Recipe
from ganzoo.config.resolver import resolve
from ganzoo.errors import RecipeError
from ganzoo.metrics import selection
from ganzoo.metrics.evaluator import Evaluator, weights
from ganzoo.registry import discovery
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import layout, retention, scores
from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run

CHANGEABLE = ("evaluate", "extractor", "metric")


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
) -> list[Score]:
    """Judge a run (its newest checkpoint) or one checkpoint folder, and add the scores to the run's scores.jsonl.

    metrics: names; without any those of the recipe, else all that make sense. samples: how many are drawn, 10,000 or as
    many as are held out unless the recipe says. seed: of their noise. extractor: what to look with. changes:
    "extractor.least=0.6" and the like. told: called with why a metric that nobody asked for is left out.
    Errors: RunError, DataError, IncompatibleError, and those of the extractor for what has to be fetched first.
    """
    plugins = plugins or discovery.load()
    run, folder = Run.find(run)
    folder = folder or run.latest
    given = {"evaluate.samples": samples, "evaluate.seed": seed}
    named = [f"{key}={value}" for key, value in given.items() if value is not None]
    recipe = judged(run, plugins.zoo, metrics, extractor, [*named, *changes])
    model = run.load(folder, plugins)
    evaluator = Evaluator(recipe, instantiate.dataset(recipe), plugins.zoo, model.procedure.conditional)
    averaged = (folder / "ema.safetensors").is_file()
    results = evaluator(model.sample, retention.step_of(folder), weights(averaged))
    for name, why in evaluator.left_out.items():
        told(f"{name} is left out: {why}")
    scores.append(run.folder / layout.SCORES, results)
    return results


def judged(run: Run, zoo: Zoo, metrics: Sequence[str], extractor: str | None, changes: Iterable[str]) -> Recipe:
    """The recipe of a run with other metrics, another extractor, other settings of either."""
    tree: dict[str, Any] = run.resolved["recipe"]
    if metrics:
        had = {zoo.find("metric", one["use"]): one for one in tree.get("metric", [])}
        tree["metric"] = [had.get(zoo.find("metric", name), {"use": name}) for name in metrics]
        tree.get("evaluate", {}).pop("best", None)  # it may be none of theirs, and only training asks for it
    if extractor and not _names(tree.get("extractor"), extractor, zoo):
        tree["extractor"] = {"use": extractor}
    changes = [*changes]
    if any(change.startswith("metric.") for change in changes) and "metric" not in tree:
        raise RecipeError("metric.0 is the first metric that was asked for, and none was: name it by --metric.")
    if any(change.startswith("extractor.") for change in changes) and "extractor" not in tree:
        recipe = run.recipe(zoo)
        tree["extractor"] = {
            "use": selection.extractor(recipe, instantiate.dataset(recipe), zoo).blueprint.entry.full_name
        }
    for change in changes:
        table = change.partition(".")[0].strip()
        if table not in CHANGEABLE:
            raise RecipeError(f"{change!r}: an evaluation changes nothing but {', '.join(CHANGEABLE)}.")
    override(tree, changes, zoo)
    return resolve(tree, zoo, str(run.folder / layout.RESOLVED), name=run.resolved["name"])


def _names(table: Any, extractor: str, zoo: Zoo) -> bool:
    """Whether a table is of this extractor already, with settings that it keeps."""
    return table is not None and zoo.find("extractor", table["use"]) == zoo.find("extractor", extractor)
