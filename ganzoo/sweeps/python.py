"""Comparison from Python: ganzoo.compare(runs or recipe)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ganzoo.config import overrides
from ganzoo.config.overrides import as_toml
from ganzoo.errors import RecipeError
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import comparison
from ganzoo.runs.comparison import Comparison
from ganzoo.sampling.run import Run
from ganzoo.sweeps.jobs import sweep_runs
from ganzoo.sweeps.scoring import Scoring
from ganzoo.sweeps.trials import Sweep


def compare(
    what: str | Path | Run | Iterable[str | Path | Run],
    changes: Mapping[str, Any] | None = None,
    *,
    over: Mapping[str, Sequence[Any]] | None = None,
    seeds: int = 1,
    out: str | Path = "runs",
    metrics: Sequence[str] = (),
    extractor: str | None = None,
    samples: int | None = None,
    jobs: int = 1,
    plugins: Plugins | None = None,
    told: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Compare runs by their scores; or train a recipe with other settings and seeds, and compare that.

    Args:
        what: Runs or run folders; or the name or path of a recipe.
        changes: Settings to override in the recipe, such as {"run.steps": 500}.
        over: Settings with the values to try, such as {"loss.use": ["hinge", "minimax"]}; all combinations are
            trained. Finished runs in `out` are used, unfinished ones are resumed.
        seeds: Number of seeds per combination, counted from the recipe's own.
        out: Folder of the recipe's runs.
        metrics: Names of metrics; by default those of the recipe, or all that apply.
        extractor: Name of the extractor that computes features for the metrics.
        samples: Number of samples to evaluate per run.
        jobs: Number of trainings at once, each in a process of its own with the installed plugins.
        plugins: The plugins that components come from; by default all installed ones.
        told: Called with each message for the user.

    Returns:
        The table: `rows`, each with its `label`, `seeds` and `cells` by the name of the score.

    Raises:
        RecipeError: A setting is wrong, or belongs to trainings where runs were given.
        GanzooError: No training succeeded, or a run cannot be read.
    """
    plugins = plugins or discovery.load()
    results = tuple(result for name in metrics for result in plugins.zoo.find("metric", name).load().better)
    scoring = Scoring(tuple(metrics), results, extractor, samples)
    if isinstance(what, (str, Path)) and not Path(what).is_dir():
        tried = tuple(f"{key}={as_toml([*values])}" for key, values in (over or {}).items())
        changed = tuple(overrides.assignments_of(changes or {}))
        sweep = Sweep(str(what), changed, tried, seeds, Path(out))
        return comparison.compare(sweep_runs(sweep, scoring, plugins, told, jobs), results)
    if changes or over or seeds > 1 or jobs > 1:
        raise RecipeError("changes, over, seeds and jobs are for a recipe: give its name in place of the runs.")
    runs = [Run.find(run)[0] for run in ([what] if isinstance(what, (str, Path, Run)) else what)]
    for run in runs:
        if scoring.is_asked or not run.scores():
            scoring.compute(run, plugins, told)
    return comparison.compare(runs, results)
