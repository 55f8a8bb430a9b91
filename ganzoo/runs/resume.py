"""The run and the checkpoint from which training is resumed."""

from __future__ import annotations

import json
import unicodedata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganzoo.config.defaults import upgrade_resolved
from ganzoo.config.overrides import as_toml
from ganzoo.config.parser import Tree, flat
from ganzoo.config.recipe import Recipe
from ganzoo.errors import DataError, GanzooError, RunError, one_line
from ganzoo.registry.versions import Deprecated
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import checkpoint, layout, retention
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.resumable import OF_THE_MACHINE, RESUMABLE

REASONS = 3  # runs, and settings of each, that a message names
NAMES = 30  # classes that a message names


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


def to_continue(out: Path, recipe: Recipe, zoo: Zoo) -> tuple[RunFolder | None, list[str]]:
    """Find the run in `out` that a recipe goes on with, as `ganzoo resume` would with the same settings.

    The settings of RESUMABLE may differ. A run counts when it has a checkpoint, and steps are left to train.

    Args:
        out: A folder of runs.
        recipe: The recipe.
        zoo: The components that names of earlier versions are looked up in.

    Returns:
        The newest such run, or None and why the newest runs are none; runs of other recipes are not mentioned.
    """
    target = _as_read(recipe.resolved())
    reasons = []
    for run in _newest_first(out):
        try:
            differences = _differences(_today(run, zoo), target)
            reason = _what_hinders(run, recipe, differences)
            is_named_so = run.resolved["name"] == recipe.name
        except GanzooError:
            continue
        if not reason:
            return run, []
        if is_named_so or not differences:
            reasons.append(f"{run.folder.name} {reason}")
    return None, reasons[:REASONS]


def _what_hinders(run: RunFolder, recipe: Recipe, differences: list[str]) -> str:
    """Return why a run cannot go on with a recipe; "" when it can."""
    if differences:
        return f"differs in {', '.join(differences)}"
    checkpoints = retention.complete(run.checkpoints)
    if not checkpoints:
        return "has no checkpoint"
    settings, was = recipe.run, run.resolved["recipe"].get("run", {})
    step = retention.step_of(checkpoints[-1])
    if settings.steps is not None and step > settings.steps:
        return f"is at step {step:,} already, beyond run.steps={settings.steps}"
    if run.status.get("state") != "finished" or _has_more_patience(run, recipe):
        return ""
    if settings.steps is not None:
        is_done = settings.steps <= int(run.resolved.get("steps") or step)
    else:
        is_done = was.get("epochs") is not None and (settings.epochs or 0) <= was["epochs"]
    return f"is finished, at step {step:,}" if is_done else ""


def is_finished(start: Start, recipe: Recipe) -> bool:
    """Tell whether a run has ended, by its length or by `evaluate.patience`, and is to go on from its last step.

    Args:
        start: The run and the checkpoint.
        recipe: The recipe of the run, with the settings that it is to go on with.

    Returns:
        True where there is nothing left to train.
    """
    if start.run.status.get("state") != "finished":
        return False
    resolved = start.run.resolved
    steps = resolved.get("steps")
    epochs = resolved["recipe"].get("run", {}).get("epochs")
    is_same_length = recipe.run.steps == steps if recipe.run.steps is not None else recipe.run.epochs == epochs
    if not is_same_length or _has_more_patience(start.run, recipe):
        return False
    last = start.run.status.get("step") if _ended_early(start.run) else steps
    return retention.step_of(start.checkpoint) == last


def _ended_early(run: RunFolder) -> bool:
    """Return True for a run that `evaluate.patience` ended."""
    return bool(run.status.get("ended"))


def _has_more_patience(run: RunFolder, recipe: Recipe) -> bool:
    """Return True when `evaluate.patience` ended a run, and its recipe has more of it now, or no such limit."""
    if not _ended_early(run):
        return False
    was, now = run.resolved["recipe"].get("evaluate", {}).get("patience") or 0, recipe.evaluate.patience
    return now is None or now > was


def check_classes(run: RunFolder, class_names: Sequence[str]) -> None:
    """Check that the classes of the data are those that a run was trained on, in their order.

    Args:
        run: The run to resume.
        class_names: Names of the classes of its data now.

    Raises:
        DataError: They differ: networks would learn other classes under the old numbers.
    """
    old, new = ([unicodedata.normalize("NFC", str(name)) for name in names] for names in (_classes(run), class_names))
    if old == new:
        return
    gone, added = [name for name in old if name not in new], [name for name in new if name not in old]
    raise DataError(
        f"the classes are not those that {run.folder.name} was trained on: they were {_listed(old)}, and are "
        f"{_listed(new)}" + _changes(gone, added) + ". Give the classes their old names back, or begin a new "
        f"run with its weights: run.start={run.folder}"
    )


def _classes(run: RunFolder) -> list[str]:
    names: list[str] = run.resolved["class_names"]
    return names


def _changes(gone: list[str], added: list[str]) -> str:
    parts = [*([f"gone: {_listed(gone)}"] if gone else []), *([f"new: {_listed(added)}"] if added else [])]
    return f" ({'; '.join(parts)})" if parts else " (in another order)"


def _listed(names: list[str]) -> str:
    more = f", ... ({len(names):,} in all)" if len(names) > NAMES else ""
    return (", ".join(map(one_line, names[:NAMES])) or "none") + more


def unfinished(out: Path, recipe: Recipe, zoo: Zoo) -> RunFolder | None:
    """Return the newest unfinished run of exactly this recipe in `out` that has a checkpoint, or None."""
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
    target = comparable(recipe)
    for run in _newest_first(out):
        try:
            matches = (run.status.get("state") == "finished") == finished
            matches = matches and comparable_of(run, zoo) == target
        except GanzooError:
            continue
        if matches:
            yield run


def comparable(recipe: Recipe) -> Tree:
    """Return every setting of a recipe as reading it from a file gives it, without those of the machine."""
    return _without_machine(_as_read(recipe.resolved()))


def comparable_of(run: RunFolder, zoo: Zoo) -> Tree:
    """Return the settings of a run as comparable() returns those of a recipe, in today's spelling.

    Args:
        run: The run.
        zoo: The components that names of earlier versions are looked up in.

    Returns:
        The settings.

    Raises:
        GanzooError: They cannot be read.
    """
    return _without_machine(_today(run, zoo))


def _newest_first(out: Path) -> Iterator[RunFolder]:
    paths = sorted(out.glob(f"*/{layout.RESOLVED}"), key=lambda path: path.stat().st_mtime, reverse=True)
    return (RunFolder(path.parent) for path in paths)


def _today(run: RunFolder, zoo: Zoo) -> Tree:
    """Return the recipe of a run in today's spelling, without warnings: the run need not be the one asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Deprecated)
        return _as_read(upgrade_resolved(run.resolved["recipe"], zoo))


def _as_read(tree: Tree) -> Tree:
    """Return a tree as reading it from a file gives it, with lists in place of tuples."""
    read: Tree = json.loads(json.dumps(tree))
    return read


def _without_machine(tree: Tree) -> Tree:
    """Return a tree without the settings of OF_THE_MACHINE."""
    return {
        table: {name: value for name, value in content.items() if f"{table}.{name}" not in OF_THE_MACHINE}
        if isinstance(content, dict)
        else content
        for table, content in tree.items()
    }


def _differences(was: Tree, now: Tree) -> list[str]:
    """Return the settings that may not change in a run and do, as "optimizer.lr (0.1 there, 0.2 here)"."""
    before, after = dict(flat(was)), dict(flat(now))
    changed = [key for key in sorted({*before, *after} - {*RESUMABLE}) if before.get(key) != after.get(key)]
    others = {key.removesuffix("use") for key in changed if key.endswith(".use")}  # settings of these say nothing
    changed = [key for key in changed if key.endswith(".use") or not any(key.startswith(table) for table in others)]
    told = [f"{key} ({_shown(before, key)} there, {_shown(after, key)} here)" for key in changed[:REASONS]]
    return told + ([f"{len(changed) - REASONS} more settings"] if len(changed) > REASONS else [])


def _shown(settings: Mapping[str, Any], key: str) -> str:
    return one_line(as_toml(settings[key]), 60) if settings.get(key) is not None else "nothing"
