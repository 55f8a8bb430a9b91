"""The checkpoints of a run: their names, which is the latest, which is the best, and which may go."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import RunError
from ganzoo.runs import layout
from ganzoo.utils import atomic

FEWEST = 2  # one checkpoint alone is none once it is damaged


def name_of(step: int) -> str:
    return f"step-{step:08d}"


def step_of(folder: Path) -> int:
    return int(folder.name.removeprefix("step-"))


def in_order(checkpoints: Path) -> list[Path]:
    """Every step-N, oldest first; what somebody else put beside them is not ours."""
    found = [path for path in checkpoints.glob("step-*") if path.name.removeprefix("step-").isdecimal()]
    return sorted(found, key=step_of)


def complete(checkpoints: Path) -> list[Path]:
    """Those whose manifest is there, oldest first. Whether every file is as it was written, reading them tells."""
    return [folder for folder in in_order(checkpoints) if (folder / layout.MANIFEST).is_file()]


def latest(checkpoints: Path) -> Path:
    """The newest checkpoint of a run. Errors: RunError when there is none."""
    pointed = pointed_to(checkpoints, layout.LATEST)
    if pointed and (pointed / layout.MANIFEST).is_file():
        return pointed
    if found := complete(checkpoints):
        return found[-1]
    raise RunError(
        f"{checkpoints.parent}: no checkpoint yet. Start again with `ganzoo run`, or wait, if it is training."
    )


def point(checkpoints: Path, pointer: str, folder: Path) -> None:
    """Make `latest` or `best` name a checkpoint; the one that `best` names is never removed."""
    atomic.write_file(checkpoints / pointer, folder.name.encode())


def pointed_to(checkpoints: Path, pointer: str) -> Path | None:
    """The folder that `latest` or `best` names, whether it is there or not."""
    path = checkpoints / pointer
    if not path.is_file():
        return None
    return checkpoints / Path(path.read_bytes().decode(errors="replace").strip()).name


def prune(checkpoints: Path, newest: Path, keep: int) -> None:
    """Remove what is older than the `keep` newest up to `newest`, but for the best.

    Later steps stay until they are written again: a run that goes on from an earlier checkpoint leaves them behind.
    """
    best = pointed_to(checkpoints, layout.BEST)
    reached = [folder for folder in in_order(checkpoints) if step_of(folder) <= step_of(newest)]
    for old in reached[: -max(keep, FEWEST)]:
        if old != best:
            atomic.remove_folder(old)
