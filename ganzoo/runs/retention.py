"""The checkpoints of a run: their names, the latest, the best, and those that are removed."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import RunError
from ganzoo.runs import layout
from ganzoo.utils import atomic, regular

LONGEST_NAME = 4096  # bytes of `latest` and `best`
FEWEST = 2  # checkpoints that are kept at least: one may be damaged


def name_of(step: int) -> str:
    """Return the folder name of a step's checkpoint."""
    return f"step-{step:08d}"


def step_of(folder: Path) -> int:
    """Return the step of a checkpoint folder."""
    return int(folder.name.removeprefix("step-"))


def in_order(checkpoints: Path) -> list[Path]:
    """Return every step-N folder, or link to one, oldest first. Other files and folders are ignored."""
    folders = [path for path in checkpoints.glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return sorted((path for path in folders if path.is_dir()), key=step_of)


def complete(checkpoints: Path) -> list[Path]:
    """Return the checkpoints that have a manifest, oldest first. Only reading one shows whether it is damaged."""
    return [folder for folder in in_order(checkpoints) if not what_is_wrong(folder)]


def what_is_wrong(folder: Path) -> str:
    """Return why a step-N folder is no checkpoint, as far as names show it; "" when it may be one."""
    if folder.is_symlink():
        return "it is a link, which is not followed"
    return "" if (folder / layout.MANIFEST).is_file() else f"its {layout.MANIFEST} is missing"


def newest_first(checkpoints: Path) -> list[Path]:
    """Return every step-N folder, damaged ones too: first the one that `latest` names, then by falling step."""
    folders = in_order(checkpoints)[::-1]
    pointed = pointed_to(checkpoints, layout.LATEST)
    return sorted(folders, key=lambda folder: folder != pointed)


def latest(checkpoints: Path) -> Path:
    """Return the newest checkpoint of a run.

    Args:
        checkpoints: The folder of all checkpoints.

    Returns:
        The folder that `latest` names, or the one of the highest step when that is missing.

    Raises:
        RunError: There is none, or the newest one has no manifest: an older one is not taken in its place unasked.
    """
    folders = newest_first(checkpoints)
    if not folders:
        raise RunError(
            f"{checkpoints.parent}: no checkpoint yet. Start again with `ganzoo run`, or wait, if it is training."
        )
    newest, *older = folders
    if wrong := what_is_wrong(newest):
        whole = next((folder for folder in older if not what_is_wrong(folder)), None)
        remedy = f"To use the one before it, name {whole}." if whole else "There is no other: start again."
        raise RunError(f"{newest}: damaged, {wrong}. {remedy}")
    return newest


def point(checkpoints: Path, pointer: str, folder: Path) -> None:
    """Make `latest` or `best` name a checkpoint. The one that `best` names is never removed."""
    atomic.write_file(checkpoints / pointer, folder.name.encode())


def pointed_to(checkpoints: Path, pointer: str) -> Path | None:
    """Return the folder that `latest` or `best` names, which need not exist; None without such a pointer."""
    try:
        name = regular.read(checkpoints / pointer, LONGEST_NAME)
    except OSError:
        return None
    return checkpoints / Path(name.decode(errors="replace").strip().replace("\0", "")).name


def prune(checkpoints: Path, newest: Path, keep: int) -> None:
    """Remove all checkpoints up to `newest` except the `keep` newest of them and the best.

    Checkpoints of later steps stay: a run resumed from an earlier checkpoint overwrites them when it gets there.

    Args:
        checkpoints: The folder of all checkpoints.
        newest: The checkpoint that was written last.
        keep: Number of checkpoints to keep; at least two are.
    """
    best = pointed_to(checkpoints, layout.BEST)
    reached = [folder for folder in in_order(checkpoints) if step_of(folder) <= step_of(newest)]
    for old in reached[: -max(keep, FEWEST)]:
        if old != best:
            atomic.remove_folder(old)
