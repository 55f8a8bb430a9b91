"""Runs that were killed: the folder that one leaves behind, and whether another went on to the same bits."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run


def killed_after(step: int, run: Run, folder: Path) -> Run:
    """A copy of a run's folder as it was when the run had saved that step; rows of later steps are there already."""
    killed = Run(Path(shutil.copytree(run.folder, folder)))
    for later in killed.checkpoints.glob("step-*"):
        if int(later.name.removeprefix("step-")) > step:
            shutil.rmtree(later)
    (killed.checkpoints / "latest").write_text(f"step-{step:08d}")
    killed.write_status("running", step)
    return killed


def differences(one: Run, other: Run) -> list[str]:
    """What the newest checkpoints of two runs do not have in common, by file and name."""
    here, there = checkpoint.read(one.latest), checkpoint.read(other.latest)
    return [
        *unlike(here.tensors, there.tensors, Tensor.equal),
        *unlike(here.states, there.states, lambda mine, theirs: mine == theirs),
    ]


def unlike(one: Mapping[str, Any], other: Mapping[str, Any], equal: Callable[[Any, Any], bool]) -> Iterator[str]:
    for part in {**one, **other}:
        mine, theirs = one.get(part, {}), other.get(part, {})
        for name in {**mine, **theirs}:
            if name not in mine or name not in theirs or not equal(mine[name], theirs[name]):
                yield f"{part}.{name}"
