"""Training and loading from Python: ganzoo.train(recipe) and ganzoo.load(run)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganzoo.config import locate, overrides, resolver
from ganzoo.errors import RunError
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.sampling.model import Model
from ganzoo.sampling.run import Run
from ganzoo.sharing.hub import export_folder, output_stem
from ganzoo.sharing.load import load as load_export
from ganzoo.training import loop


def train(
    recipe: str | Path,
    changes: Mapping[str, Any] | None = None,
    *,
    out: str | Path = "runs",
    plugins: Plugins | None = None,
) -> Run:
    """Train a recipe.

    Args:
        recipe: Name or path of a recipe.
        changes: Settings to override, such as {"run.steps": 500}, and components, such as {"regularizer+": "r1"};
            {"schedule": None} takes a table out.
        out: Folder in which the run folder is created.
        plugins: The plugins that components come from; by default all installed ones.

    Returns:
        The finished run.

    Raises:
        GanzooError: Training cannot start or go on; the message says what to do.
    """
    plugins = plugins or discovery.load()
    path = locate.find(str(recipe), plugins)
    parsed, _ = resolver.read(path, overrides.assignments_of(changes or {}), plugins.zoo)
    return loop.train(parsed, plugins, Path(out))


def load(run: Run | str | Path, plugins: Plugins | None = None, average: str | float | None = None) -> Model:
    """Load a trained model, with averaged weights if the run has them.

    The data is needed only to sample from a translator.

    Args:
        run: A run or run folder, of which the newest checkpoint is loaded; a checkpoint folder; the folder of an
            export; the name of a model that a plugin ships, such as "letters"; or OWNER/NAME[@REVISION] on the Hugging
            Face Hub.
        plugins: The plugins that components come from; by default all installed ones.
        average: Name of an average in `run.averages`, "trained" for weights that are no average, or the width of an
            average to rebuild from snapshots, as a share of the run; by default that of `run.ema`.

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
        return load_export(export, plugins)
    opened, checkpoint = Run.find(run)
    return opened.load(checkpoint, plugins, average)


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
