"""The run and the checkpoint from which training is resumed."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganzoo.config.defaults import upgrade_resolved
from ganzoo.config.parser import Tree
from ganzoo.config.recipe import Recipe
from ganzoo.errors import GanzooError, RunError
from ganzoo.registry.versions import Deprecated
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import checkpoint, layout, retention
from ganzoo.runs.folder import RunFolder


@dataclass(frozen=True)
class Start:
    """A run to resume, and the checkpoint to resume it from.

    Attributes:
        run: The run folder.
        checkpoint: The checkpoint folder.
        why: Why this checkpoint was chosen; messages for the user.
        other_data: Resume even if the data are not those that the run started with.
    """

    run: RunFolder
    checkpoint: Path
    why: tuple[str, ...]
    other_data: bool = False


def at(run: RunFolder, checkpoint: Path | None = None, other_data: bool = False) -> Start:
    """Start at a given checkpoint, or at the newest one.

    Args:
        run: The run to resume.
        checkpoint: A checkpoint folder; the newest by default.
        other_data: Allow data that changed since the run started.

    Returns:
        The start, for training.

    Raises:
        RunError: The run has no checkpoint.
    """
    chosen = checkpoint or retention.latest(run.checkpoints)
    why = "which was asked for" if checkpoint else "the newest checkpoint"
    return Start(run, chosen, (f"going on from {chosen.name}, {why}",), other_data)


def at_newest_whole(run: RunFolder, other_data: bool = False) -> Start:
    """Start at the newest checkpoint that is not damaged.

    Args:
        run: The run to resume.
        other_data: Allow data that changed since the run started.

    Returns:
        The start, with a message for each damaged checkpoint that was skipped.

    Raises:
        RunError: The run has no checkpoint, or every one is damaged.
    """
    damaged: list[str] = []
    for folder in retention.newest_first(run.checkpoints):
        try:
            checkpoint.read(folder)
        except RunError as error:
            damaged.append(f"passed over {folder.name}: {error.message}")
            continue
        which = "newest whole" if damaged else "newest"
        why = f"going on from {folder.name}, the {which} checkpoint of the newest unfinished run of this recipe"
        return Start(run, folder, (*damaged, why), other_data)
    raise RunError("\n".join([f"{run.folder}: none of its checkpoints is whole.", *damaged]))


def unfinished(out: Path, recipe: Recipe, zoo: Zoo) -> RunFolder | None:
    """Return the newest unfinished run of a recipe in `out` that has a checkpoint, or None."""
    runs = same_recipe(out, recipe, zoo, finished=False)
    return next((run for run in runs if retention.complete(run.checkpoints)), None)


def same_recipe(out: Path, recipe: Recipe, zoo: Zoo, finished: bool) -> Iterator[RunFolder]:
    """Yield the runs of a recipe in `out`, newest first.

    A run of an earlier version is compared in today's spelling. Folders that cannot be read are skipped.

    Args:
        out: A folder of runs.
        recipe: The recipe; every setting has to be equal but `run.threads`.
        zoo: The components that names of earlier versions are looked up in.
        finished: Yield the finished runs if True, the others if False.

    Yields:
        Run folders.
    """
    target = _comparable(recipe.resolved())
    for path in sorted(out.glob(f"*/{layout.RESOLVED}"), key=lambda path: path.stat().st_mtime, reverse=True):
        run = RunFolder(path.parent)
        try:
            matches = (run.status.get("state") == "finished") == finished and _today(run, zoo) == target
        except GanzooError:
            continue
        if matches:
            yield run


def _today(run: RunFolder, zoo: Zoo) -> Tree:
    """Return the recipe of a run in today's spelling, without warnings: the run need not be the one asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Deprecated)
        return _comparable(upgrade_resolved(run.resolved["recipe"], zoo))


def _comparable(tree: Tree) -> Tree:
    """Return a tree as reading it from a file gives it, with lists in place of tuples, and without the threads."""
    read: Tree = json.loads(json.dumps(tree))
    read["run"].pop("threads", None)  # they belong to the machine
    return read
