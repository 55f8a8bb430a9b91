"""A run folder on disk: the recipe, status, metrics, samples and checkpoints of one training run."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from ganzoo.config import validation
from ganzoo.config.recipe import Recipe, RunSettings
from ganzoo.config.resolver import changed
from ganzoo.errors import RunError, one_line
from ganzoo.interfaces import Spec
from ganzoo.objects import absent
from ganzoo.registry.zoo import Zoo
from ganzoo.runs import layout, retention, scores, status
from ganzoo.runs.metrics_log import MetricsLog
from ganzoo.runs.resumable import RESUMABLE
from ganzoo.runs.scores import Score
from ganzoo.utils import atomic, regular

RESOLVED_KEYS = {"name": str, "recipe": dict, "spec": dict, "class_names": list}
"""Keys of resolved.json that are read, and their types."""


class RunFolder:
    """The folder of one run. Opening it reads nothing until something is asked for.

    Args:
        folder: Path of the run folder.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.samples = folder / layout.SAMPLES
        self.checkpoints = folder / layout.CHECKPOINTS
        self.metrics_log = MetricsLog(folder / layout.METRICS)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"

    @classmethod
    def create(cls, recipe: Recipe, out: Path) -> Self:
        """Create a new folder `<recipe>-<time>-<4 hex digits>`.

        Args:
            recipe: The recipe that the run trains.
            out: Folder of runs, created when missing.

        Returns:
            The run, in the state "created".

        Raises:
            RunError: The folder cannot be created.
        """
        suffix = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
        stem = re.sub(r"[^a-z0-9._-]", "_", recipe.name.lower()).lstrip("._-")[: 63 - len(suffix)]
        name = f"{stem or 'recipe'}-{suffix}"  # a valid component name: not hidden, no option, 64 characters at most
        run = cls(out / name)
        try:
            run.checkpoints.mkdir(parents=True)
            run.samples.mkdir()
            atomic.write_file(run.folder / f"{layout.RECIPE}{recipe.suffix}", recipe.text)
            run.write_status("created", 0)
        except OSError as error:
            raise RunError(f"{run.folder}: {error.strerror}. Give another folder with --out.") from error
        return run

    @classmethod
    def open(cls, folder: str | Path) -> Self:
        """Open an existing run.

        Args:
            folder: A run folder, or a folder of runs, of which the newest is opened.

        Returns:
            The run.

        Raises:
            RunError: There is no run.
        """
        return cls(status.find(Path(folder)))

    @classmethod
    def find(cls, place: RunFolder | str | Path) -> tuple[Self, Path | None]:
        """Open the run that a path means, and the checkpoint if it names one.

        Args:
            place: A run, a run folder, a folder of runs (the newest counts), or a checkpoint folder;
                RUN/checkpoints/best and RUN/checkpoints/latest name checkpoints too.

        Returns:
            The run, and the checkpoint folder or None.

        Raises:
            RunError: There is no run.
        """
        if isinstance(place, RunFolder):
            return (place if isinstance(place, cls) else cls(place.folder)), None
        path = Path(place).absolute()
        if path.name in (layout.BEST, layout.LATEST) and (target := retention.pointed_to(path.parent, path.name)):
            path = target
        if (path / layout.MANIFEST).is_file():
            return cls.open(path.parents[1]), path
        return cls.open(path), None

    def recipe(self, zoo: Zoo, changes: Iterable[str] = ()) -> Recipe:
        """Return the recipe that the run was started with.

        Args:
            zoo: The registry that its components are looked up in.
            changes: Overrides such as "run.steps=500".

        Returns:
            The recipe with every default that the run recorded. Of components that were given in Python and are not
            there, it has stand-ins, which raise when they are used.

        Raises:
            RunError: A change would make it another run; or its procedure was given in Python, and is not there.
        """
        tree = self.resolved["recipe"]
        changes = [*changes]
        for change in changes:
            key = change.partition("=")[0].strip().rstrip("+-")
            if f"run.{key}" in RESUMABLE:
                raise RunError(
                    f"{one_line(change)}: write run.{one_line(change)}, with the table that the setting is in."
                )
            if key not in RESUMABLE:
                raise RunError(
                    f"{key} cannot change in the middle of a run, only {', '.join(RESUMABLE)}. For a new run that "
                    f"starts with the weights of this one: ganzoo run RECIPE run.start={self.folder} {one_line(change)}"
                )
            if key in ("run.steps", "run.epochs"):
                tree["run"] = {name: value for name, value in tree["run"].items() if name not in ("steps", "epochs")}
        zoo = absent.completed(zoo, tree, str(self.folder))
        origin = str(self.folder / layout.RESOLVED)
        return changed(tree, changes, zoo, origin, name=self.resolved["name"], text=self.recipe_as_given[1])[0]

    def write_resolved(self, recipe: Recipe, spec: Spec, class_names: list[str], words: list[str], steps: int) -> None:
        """Write resolved.json, from which the networks can be rebuilt without the data.

        Args:
            recipe: The recipe, which is written with every default.
            spec: The data's spec.
            class_names: Names of the classes, in order.
            words: Texts of the token ids, empty for other data.
            steps: Number of steps that the run trains.
        """
        self._write_json(
            layout.RESOLVED,
            {
                "format": 1,
                "name": recipe.name,
                "recipe": recipe.resolved(),
                "steps": steps,
                "spec": spec.description(),
                "class_names": class_names,
                **({"words": words} if words else {}),
            },
        )

    def forget_after(self, step: int) -> None:
        """Delete the metrics and scores of later steps, which a run that is resumed from `step` writes again.

        Args:
            step: The last step whose numbers stay.

        Raises:
            OSError: A file cannot be written.
        """
        self.metrics_log.forget_after(step)
        scores.forget_after(self.folder / layout.SCORES, step)

    def write_provenance(self, facts: Mapping[str, Any]) -> None:
        """Write provenance.json."""
        self._write_json(layout.PROVENANCE, facts)

    def write_status(self, state: str, step: int, **more: Any) -> None:
        """Write status.json. `state` is created, running, interrupted, failed, diverged or finished."""
        status.write(self.folder, state, step, **more)

    def mark_best(self, step: int) -> None:
        """Make the checkpoint of a step the best one, which is never removed.

        Args:
            step: The step.

        Raises:
            RunError: There is no such checkpoint.
        """
        folder = self.checkpoints / retention.name_of(step)
        if folder not in retention.complete(self.checkpoints):
            raise RunError(f"{folder}: there is no such checkpoint to keep.")
        retention.point(self.checkpoints, layout.BEST, folder)

    @property
    def resolved(self) -> dict[str, Any]:
        """The content of resolved.json."""
        status.check_folders(self.folder)
        content = self._read_json(layout.RESOLVED)
        if any(not isinstance(content.get(key), kind) for key, kind in RESOLVED_KEYS.items()):
            raise RunError(f"{self.folder / layout.RESOLVED}: not as ganzoo writes it. Use another run folder.")
        if problems := _problems(content["recipe"]):
            raise RunError(f"{self.folder / layout.RESOLVED}: {problems[0]}. Use another run folder.")
        return content

    @property
    def recipe_as_given(self) -> tuple[str, bytes]:
        """Name and content of the recipe's file, before overrides; "" and b"" when it is missing."""
        name = next((name for name in layout.RECIPES if os.path.lexists(self.folder / name)), "")
        try:
            return name, regular.read(self.folder / name) if name else b""
        except OSError as error:
            raise RunError(f"{self.folder / name}: {error.strerror}. Put the recipe there, or remove it.") from error

    @property
    def provenance(self) -> dict[str, Any]:
        """The content of provenance.json."""
        return self._read_json(layout.PROVENANCE)

    @property
    def status(self) -> dict[str, Any]:
        """The content of status.json."""
        return self._read_json(layout.STATUS)

    @property
    def spec(self) -> Spec:
        """The spec of the data that the run trains on."""
        try:
            return Spec.from_description(self.resolved["spec"])
        except (KeyError, TypeError) as error:
            raise RunError(f"{self.folder / layout.RESOLVED}: its spec is damaged. Use another run folder.") from error

    @property
    def best(self) -> Path | None:
        """The checkpoint that was marked as the best, or None."""
        folder = retention.pointed_to(self.checkpoints, layout.BEST)
        return folder if folder in retention.complete(self.checkpoints) else None

    @property
    def latest(self) -> Path:
        """The newest checkpoint."""
        return retention.latest(self.checkpoints)

    def metrics(self) -> Iterator[dict[str, Any]]:
        """Yield every row of metrics.jsonl. A last line that was cut off is skipped."""
        return self.metrics_log.rows()

    def scores(self) -> list[Score]:
        """Return every score of scores.jsonl, in the order of evaluation."""
        return [*scores.read(self.folder / layout.SCORES)]

    def _write_json(self, name: str, content: Any) -> None:
        atomic.write_json(self.folder / name, content)

    def _read_json(self, name: str) -> dict[str, Any]:
        try:
            content = regular.read_json(self.folder / name)
        except OSError as error:
            raise RunError(f"{self.folder / name}: cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise RunError(f"{self.folder / name}: not JSON: {error}") from error
        if not isinstance(content, dict):
            raise RunError(f"{self.folder / name}: not as ganzoo writes it. Use another run folder.")
        return content


def _problems(recipe: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the recipe in resolved.json before any component of it is looked up."""
    tables = [table for value in recipe.values() for table in (value if isinstance(value, list) else [value])]
    if not isinstance(recipe.get("run"), dict) or not all(isinstance(table, dict) for table in tables):
        return ["its recipe is not one of tables"]
    if not all(isinstance(table.get("use", ""), str) for table in tables):
        return ["`use` of one of its tables is not a name"]
    run = {name: value for name, value in recipe["run"].items() if name in RunSettings.model_fields}
    return validation.check(RunSettings, "[run]", run)
