"""A run folder: what was asked for, how far it came, its numbers, pictures and checkpoints."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ganzoo.config.overrides import override
from ganzoo.config.recipe import Recipe
from ganzoo.config.resolver import resolve
from ganzoo.errors import RunError
from ganzoo.interfaces import Spec
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import retention, scores, status
from ganzoo.runs.metrics_log import MetricsLog
from ganzoo.runs.scores import Score
from ganzoo.utils import atomic

RESUMABLE = (
    *("run.steps", "run.epochs", "run.log", "run.sample", "run.save", "run.keep", "run.trackers", "run.workers"),
    *("run.max_time", "run.on_nonfinite"),
)
RESOLVED = {"name": str, "recipe": dict, "spec": dict, "class_names": list}  # what is needed of resolved.json


class Run:
    """A folder below runs/. Opening one reads nothing but what is asked for."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.samples = folder / "samples"
        self.checkpoints = folder / "checkpoints"
        self.journal = MetricsLog(folder / "metrics.jsonl")

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
            atomic.write_file(run.folder / f"recipe{recipe.suffix}", recipe.text)
            run.write_status("created", 0)
        except OSError as error:
            raise RunError(f"{run.folder}: {error.strerror}. Give another folder with --out.") from error
        return run

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """An existing run, or the newest one in a folder of runs. Errors: RunError when there is none."""
        return cls(status.find(Path(folder)))

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

    def write_resolved(self, recipe: Recipe, spec: Spec, class_names: list[str], words: list[str], steps: int) -> None:
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
                **({"words": words} if words else {}),
            },
        )

    def forget_after(self, step: int) -> None:
        """Drop the numbers of later steps, which a run that goes on from `step` makes again. Errors: OSError."""
        self.journal.forget_after(step)
        scores.forget_after(self.folder / "scores.jsonl", step)

    def write_provenance(self, facts: Mapping[str, Any]) -> None:
        self._write_json("provenance.json", facts)

    def write_status(self, state: str, step: int, **more: Any) -> None:
        """state: created, running, interrupted, failed, diverged or finished."""
        status.write(self.folder, state, step, **more)

    def mark_best(self, step: int) -> None:
        """Never remove the checkpoint of this step, until another one is the best. Errors: RunError without one."""
        folder = self.checkpoints / retention.name_of(step)
        if folder not in retention.complete(self.checkpoints):
            raise RunError(f"{folder}: there is no such checkpoint to keep.")
        retention.point(self.checkpoints, "best", folder)

    @property
    def resolved(self) -> dict[str, Any]:
        found = self._read_json("resolved.json")
        if any(not isinstance(found.get(key), kind) for key, kind in RESOLVED.items()):
            raise RunError(f"{self.folder / 'resolved.json'}: not as ganzoo writes it. Use another run folder.")
        return found

    @property
    def provenance(self) -> dict[str, Any]:
        return self._read_json("provenance.json")

    @property
    def status(self) -> dict[str, Any]:
        return self._read_json("status.json")

    @property
    def spec(self) -> Spec:
        stored = self.resolved["spec"]
        try:
            return Spec(tuple(stored["shape"]), stored["classes"], stored["vocab"])
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.folder / 'resolved.json'}: its spec is damaged. Use another run folder.") from error

    @property
    def best(self) -> Path | None:
        """The checkpoint that was marked as the best, where one was."""
        pointed = retention.pointed_to(self.checkpoints, "best")
        return pointed if pointed in retention.complete(self.checkpoints) else None

    @property
    def latest(self) -> Path:
        """The newest checkpoint."""
        return retention.latest(self.checkpoints)

    def sample(self, n: int, y: Any = None, seed: int | None = None) -> Any:
        """`ganzoo.load(run).sample(...)`: (n, *shape) from the newest checkpoint."""
        from ganzoo.api import load

        return load(self).sample(n, y, seed)

    def metrics(self) -> Iterator[dict[str, Any]]:
        """Every row of metrics.jsonl; a last line that was cut off is passed over."""
        return self.journal.rows()

    def scores(self) -> list[Score]:
        """Every score of scores.jsonl, in the order they were made."""
        return [*scores.read(self.folder / "scores.jsonl")]

    def _write_json(self, name: str, content: Any) -> None:
        atomic.write_json(self.folder / name, content)

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self.folder / name).read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise RunError(f"{self.folder / name}: cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise RunError(f"{self.folder / name}: not as ganzoo writes it. Use another run folder.")
        return found
