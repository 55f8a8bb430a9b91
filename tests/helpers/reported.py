"""Small runs for tests of the report, also with content that a report must not reveal or execute."""

from __future__ import annotations

import json
import shutil
from itertools import product
from pathlib import Path

from PIL import Image

from ganzoo.runs.scores import Score, append
from ganzoo.sampling.run import Run
from helpers.support import CONDITIONAL, tiny, train

EVIL = '"></pre><script>window.evil = 1</script><img src=x onerror="window.evil = 2">'


def letters(out: Path, *assignments: str) -> Run:
    """Train a conditional run on the letters A, B and C, with four grids."""
    return train(tiny(CONDITIONAL, "run.steps=12", "run.sample=4", "run.log=1", *assignments), out)


def judged(run: Run, samples: int = 500) -> Run:
    """Add scores at three steps to a run."""
    scores = [
        Score(
            step, "frechet_distance@raw", value, 9.5, "lower", {"samples": samples, "data": {"use": "/home/ann/faces"}}
        )
        for step, value in ((4, 90.0), (8, 30.0), (12, 40.0))
    ]
    append(run.folder / "scores.jsonl", scores)
    return run


def sweep(run: Run, folder: Path) -> list[Run]:
    """Copy a run 18 times, as if it had been trained with three losses, two learning rates and three seeds."""
    runs = []
    for k, (loss, lr, seed) in enumerate(product(("hinge", "least_squares", "minimax"), (0.001, 0.003), range(3))):
        copy = Run(Path(shutil.copytree(run.folder, folder / f"run-{k:02d}")))
        resolved = copy.resolved
        resolved["recipe"]["loss"] = {"use": f"ganzoo/{loss}"}
        resolved["recipe"]["optimizer"]["lr"] = lr
        resolved["recipe"]["run"]["seed"] = seed
        (copy.folder / "resolved.json").write_text(json.dumps(resolved))
        values = [(step, (k + 1) * (20.0 - step)) for step in (4, 8, 12)]
        told = [Score(step, "frechet_distance@raw", value, 0.5, "lower", {}) for step, value in values]
        append(copy.folder / "scores.jsonl", told)
        runs.append(copy)
    return runs


def evil(run: Run) -> Run:
    """Put HTML into all names of a run, and private paths, users and hosts into its files."""
    edited = {**run.resolved, "name": EVIL, "class_names": ["A", "<i>B</i>", EVIL]}
    edited["recipe"]["dataset"]["characters"] = EVIL
    edited["recipe"]["about"] = {"gan": EVIL, "paper": "arXiv:1411.1784"}
    (run.folder / "resolved.json").write_text(json.dumps(edited))
    (run.folder / "recipe.toml").write_text(f"# {EVIL}\n# from /home/annabel/secret/faces\n")
    rows = [{**row, EVIL: row["step"]} for row in run.metrics()]
    run.metrics_log.path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    status = {
        "state": "failed",
        "step": 12,
        "host": "annabels-box",
        "error": f"{EVIL} on annabels-box: /home/annabel/x",
    }
    (run.folder / "status.json").write_text(json.dumps(status))
    provenance = {**run.provenance, "argv": ["/home/annabel/ganzoo", "run", "/home/annabel/a.toml", EVIL]}
    (run.folder / "provenance.json").write_text(json.dumps(provenance))
    Image.new("L", (40, 40)).save(run.samples / "reconstruction-step-00000012.png")
    return run
