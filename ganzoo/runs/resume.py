"""Which run to go on with, and from which of its checkpoints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ganzoo.config.recipe import Recipe
from ganzoo.errors import RunError
from ganzoo.runs import checkpoint, layout, retention
from ganzoo.runs.folder import RunFolder


@dataclass(frozen=True)
class Start:
    """A run to go on with, the checkpoint to start from, and why that one, for whoever watches.

    other_data: go on though the data is not what the run started with.
    """

    run: RunFolder
    checkpoint: Path
    why: tuple[str, ...]
    other_data: bool = False


def at(run: RunFolder, checkpoint: Path | None = None, other_data: bool = False) -> Start:
    """At the checkpoint that was asked for, or at the latest. Errors: RunError when there is none."""
    chosen = checkpoint or retention.latest(run.checkpoints)
    why = "which was asked for" if checkpoint else "the newest checkpoint"
    return Start(run, chosen, (f"going on from {chosen.name}, {why}",), other_data)


def at_newest_whole(run: RunFolder, other_data: bool = False) -> Start:
    """At the newest checkpoint whose every file is as it was written. Errors: RunError when there is none."""
    latest = retention.latest(run.checkpoints)
    damaged: list[str] = []
    for folder in [latest, *(other for other in reversed(retention.complete(run.checkpoints)) if other != latest)]:
        try:
            checkpoint.read(folder)
        except RunError as error:
            damaged.append(f"passed over {folder.name}: {error.message}")
            continue
        which = "newest whole" if damaged else "newest"
        why = f"going on from {folder.name}, the {which} checkpoint of the newest unfinished run of this recipe"
        return Start(run, folder, (*damaged, why), other_data)
    raise RunError("\n".join([f"{run.folder}: none of its checkpoints is whole.", *damaged]))


def unfinished(out: Path, recipe: Recipe) -> RunFolder | None:
    """The newest run of the same recipe in `out` that has a checkpoint and did not finish."""
    return next((run for run in alike(out, recipe, finished=False) if retention.complete(run.checkpoints)), None)


def alike(out: Path, recipe: Recipe, finished: bool) -> Iterator[RunFolder]:
    """Runs of the same recipe in `out`, the newest first, that did finish or did not."""
    wanted = json.loads(json.dumps(recipe.resolved()))
    for path in sorted(out.glob(f"*/{layout.RESOLVED}"), key=lambda path: path.stat().st_mtime, reverse=True):
        run = RunFolder(path.parent)
        try:
            same = run.resolved["recipe"] == wanted and (run.status.get("state") == "finished") == finished
        except RunError:
            continue  # a folder that cannot be read is not this run
        if same:
            yield run
