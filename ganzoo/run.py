"""A run folder: what was asked for, how far it came, its numbers, pictures and checkpoints."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganzoo.checkpoint import latest, write_atomically
from ganzoo.errors import RunError
from ganzoo.interfaces import Spec
from ganzoo.overrides import override
from ganzoo.recipe import Recipe
from ganzoo.registry import Zoo
from ganzoo.resolve import resolve

RESUMABLE = ("run.steps", "run.epochs", "run.log", "run.sample", "run.save", "run.keep", "run.trackers", "run.workers")


class Run:
    """A folder below runs/. Opening one reads nothing but what is asked for."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.samples = folder / "samples"
        self.checkpoints = folder / "checkpoints"

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @classmethod
    def create(cls, recipe: Recipe, out: Path) -> Run:
        """A new folder `<recipe>-<time>-<4 hex>` in `out`. Errors: RunError when it cannot be made."""
        when = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        stem = re.sub(r"[^a-z0-9._-]", "_", recipe.name.lower()).lstrip("._-")[: 63 - len(when)]
        name = f"{stem or 'recipe'}-{when}"  # like a component's: neither hidden nor an option, and 64 at most
        run = cls(out / name)
        try:
            run.checkpoints.mkdir(parents=True)
            run.samples.mkdir()
            (run.folder / f"recipe{recipe.suffix}").write_bytes(recipe.text)
        except OSError as error:
            raise RunError(f"{run.folder}: {error.strerror}. Give another folder with --out.") from error
        run.write_status("created", 0)
        return run

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """An existing run, or the newest one in a folder of runs. Errors: RunError when there is none."""
        folder = Path(folder)
        if (folder / "resolved.json").is_file():
            return cls(folder)
        inside = sorted(folder.glob("*/resolved.json"), key=lambda path: path.stat().st_mtime)
        if not inside:
            raise RunError(
                f"{folder}: not a run folder (it has no resolved.json). `ganzoo run` prints where it writes."
            )
        return cls(inside[-1].parent)

    def recipe(self, zoo: Zoo, changes: Iterable[str] = ()) -> Recipe:
        """The recipe it was started with. Errors: RunError for a change that would make it another run."""
        tree = self.resolved["recipe"]
        for change in changes:
            key = change.partition("=")[0].strip()
            if key not in RESUMABLE:
                raise RunError(f"{key} cannot change in the middle of a run, only {', '.join(RESUMABLE)}.")
            if key in ("run.steps", "run.epochs"):
                tree["run"] = {name: value for name, value in tree["run"].items() if name not in ("steps", "epochs")}
        override(tree, changes, zoo)
        origin = str(self.folder / "resolved.json")
        text = next((path.read_bytes() for path in self.folder.glob("recipe.*")), b"")
        return resolve(tree, zoo, origin, name=self.resolved["name"], text=text)

    def write_resolved(self, recipe: Recipe, spec: Spec, class_names: list[str], steps: int) -> None:
        """The whole recipe as it is used, and what networks need to be built again without the data."""
        self._write_json(
            "resolved.json",
            {
                "format": 1,
                "name": recipe.name,
                "recipe": recipe.resolved(),
                "steps": steps,
                "spec": {"shape": list(spec.shape), "classes": spec.classes, "vocab": spec.vocab},
                "class_names": class_names,
            },
        )

    def write_provenance(self, facts: Mapping[str, Any]) -> None:
        self._write_json("provenance.json", facts)

    def write_status(self, state: str, step: int, **more: Any) -> None:
        """state: created, running, interrupted, failed, diverged or finished."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._write_json("status.json", {"state": state, "step": step, "heartbeat": now, **more})

    @property
    def resolved(self) -> dict[str, Any]:
        return self._read_json("resolved.json")

    @property
    def status(self) -> dict[str, Any]:
        return self._read_json("status.json")

    @property
    def spec(self) -> Spec:
        stored = self.resolved["spec"]
        return Spec(tuple(stored["shape"]), stored["classes"], stored["vocab"])

    @property
    def latest(self) -> Path:
        """The newest checkpoint."""
        return latest(self.checkpoints)

    def sample(self, n: int, y: Any = None, seed: int | None = None) -> Any:
        """`ganzoo.load(run).sample(...)`: (n, *shape) from the newest checkpoint."""
        from ganzoo.api import load

        return load(self).sample(n, y, seed)

    def append_metrics(self, step: int, values: Mapping[str, float]) -> None:
        with (self.folder / "metrics.jsonl").open("a") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def metrics(self) -> Iterator[dict[str, Any]]:
        """Every row of metrics.jsonl; a last line that was cut off is passed over."""
        path = self.folder / "metrics.jsonl"
        if not path.is_file():
            return
        with path.open() as lines:
            for line in lines:
                try:
                    yield json.loads(line)
                except ValueError:
                    continue

    def forget_after(self, step: int) -> None:
        """Drop rows of later steps, which a resumed run writes again."""
        rows = [json.dumps(row) + "\n" for row in self.metrics() if row["step"] <= step]
        write_atomically(self.folder / "metrics.jsonl", "".join(rows).encode())

    def _write_json(self, name: str, content: Any) -> None:
        write_atomically(self.folder / name, json.dumps(content, indent=1).encode())

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            return json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError) as error:
            raise RunError(f"{self.folder / name}: cannot be read: {error}") from error


def unfinished(out: Path, recipe: Recipe) -> Run | None:
    """The newest run of the same recipe in `out` that has a checkpoint and did not finish."""
    for path in sorted(out.glob("*/resolved.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        run = Run(path.parent)
        same = run.resolved["recipe"] == json.loads(json.dumps(recipe.resolved()))
        if same and run.status["state"] != "finished" and any(run.checkpoints.glob("step-*/manifest.json")):
            return run
    return None
