"""What a plugin's procedures promise of training in several processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import SkipTest

from ganzoo.testing.check import expect, not_asked
from ganzoo.testing.package import Package
from ganzoo.testing.trying import runnable

LAUNCH = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "ganzoo.testing.pair")
PATIENCE = 300  # seconds
LINES = 15  # of what a launch that failed has said


def two_processes_keep_equal_weights(package: Package) -> None:
    """Each procedure trains a few steps in two processes, on other samples with other noise, in one launch for all of
    them. Every weight is the same in both afterwards.
    """
    if not all(row.version for row in package.rows):
        not_asked("it is not installed, so that no other process finds it")
    recipes = _recipes(package)
    if not recipes:
        not_asked("it has no procedure that trains on a small example")
    first, second = _launched(recipes)
    unlike = [name for name in recipes if first.get(name) != second.get(name)]
    expect(
        not unlike,
        f"{package}: after a few steps two processes have other weights of {', '.join(unlike)}. Decide by "
        "self.over_processes(value), never by one process's own loss or noise, who moves and how far; change weights "
        "in place by nothing that is drawn.",
    )


def _recipes(package: Package) -> dict[str, Any]:
    found = {}
    for component in package.components:
        if component.entry.kind == "procedure":
            with suppress(SkipTest):  # that there is an example is another promise
                found[component.entry.full_name] = runnable(component).recipe.resolved()
    return found


def _launched(recipes: dict[str, Any]) -> list[dict[str, str]]:
    """What each of the two has become."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "recipes.json").write_text(json.dumps(recipes))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
        try:
            ended = subprocess.run(
                [sys.executable, *LAUNCH, str(folder)],
                env=environment, capture_output=True, text=True, errors="replace", check=False, timeout=PATIENCE,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            expect(False, f"two processes did not come to an end within {PATIENCE} s: one may wait for the other.")
        said = "\n".join(ended.stderr.splitlines()[-LINES:])
        expect(ended.returncode == 0, f"training in two processes failed:\n{said}")
        return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in (0, 1)]
