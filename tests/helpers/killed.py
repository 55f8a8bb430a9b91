"""Simulated kills of runs, and comparison of their checkpoints."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run


def killed_after(step: int, run: Run, folder: Path) -> Run:
    """Copy a run's folder as if the run was killed after saving a step; metrics of later steps are kept."""
    killed = Run(Path(shutil.copytree(run.folder, folder)))
    for later in killed.checkpoints.glob("step-*"):
        if int(later.name.removeprefix("step-")) > step:
            shutil.rmtree(later)
    (killed.checkpoints / "latest").write_text(f"step-{step:08d}")
    killed.write_status("running", step)
    return killed


def differences(a: Run, b: Run) -> list[str]:
    """Return the entries that differ between the newest checkpoints of two runs, as file.name."""
    first, second = checkpoint.read(a.latest), checkpoint.read(b.latest)
    return [
        *unlike(first.tensors, second.tensors, Tensor.equal),
        *unlike(first.states, second.states, lambda a, b: a == b),
    ]


def unlike(one: Mapping[str, Any], other: Mapping[str, Any], equal: Callable[[Any, Any], bool]) -> Iterator[str]:
    for part in {**one, **other}:
        mine, theirs = one.get(part, {}), other.get(part, {})
        for name in {**mine, **theirs}:
            if name not in mine or name not in theirs or not equal(mine[name], theirs[name]):
                yield f"{part}.{name}"
