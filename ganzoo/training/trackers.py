"""Experiment trackers by name (TensorBoard, Weights & Biases, ...), through Accelerate. None of them can stop a run.

They are told the numbers of every logged step, the newest grid, and scores as "score/name".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
from PIL import Image
from rich.console import Console

from ganzoo.config.parser import Tree, flat
from ganzoo.config.recipe import Recipe
from ganzoo.errors import RecipeError, SetupError, did_you_mean
from ganzoo.sampling.run import Run

GRID = "samples"  # what a grid is called
LAYOUT: dict[str, dict[str, Any]] = {"tensorboard": {"dataformats": "NHWC"}}  # else it takes them for NCHW
SINGLE = ("aim",)  # which takes one picture, where the others take several


class Trackers:
    """A `with` block in which calling it logs numbers to every tracker of `run.trackers`.

    Errors: RecipeError for a tracker that Accelerate does not know, SetupError for one that is not installed.
    """

    def __init__(self, recipe: Recipe, run: Run):
        self.recipe = recipe
        self.run = run
        self.active = dict[str, Any]()
        self.blind = set[str]()
        self.names = recipe.run.trackers
        known = {str(getattr(name, "value", name)): kind for name, kind in LOGGER_TYPE_TO_CLASS.items()}
        installed = {str(getattr(name, "value", name)) for name in get_available_trackers()}
        for name in self.names:
            if name not in known:
                near = did_you_mean(name, known)
                raise RecipeError(
                    f"[run] trackers: no tracker named {name!r}.{near} Known: {', '.join(sorted(known))}."
                )
            if name not in installed:
                raise SetupError(f"run.trackers names {name!r}, which is not installed: pip install {name}")
        self.kinds = {name: known[name] for name in self.names}

    def __enter__(self) -> Trackers:
        for name, kind in self.kinds.items():
            self._guarded(name, self._start, name, kind)
        return self

    def __exit__(self, *_: object) -> None:
        for name, tracker in list(self.active.items()):
            self._guarded(name, tracker.finish)

    def __call__(self, values: Mapping[str, float], t: int) -> None:
        for name, tracker in list(self.active.items()):
            self._guarded(name, tracker.log, dict(values), step=t)

    def scores(self, t: int, values: Mapping[str, float]) -> None:
        """Scores of the samples of step t, by name."""
        self({f"score/{name}": value for name, value in values.items()}, t)

    def picture(self, path: Path, t: int) -> None:
        """The grid of step t, for trackers that take pictures. One that cannot show it is shown no other."""
        able = [name for name, one in self.active.items() if hasattr(one, "log_images") and name not in self.blind]
        for name in able:
            if failure := self._failure(_show, name, self.active[name], path, t):
                self.blind.add(name)
                _tell(f"tracker {name} cannot show pictures: {failure}")

    def _start(self, name: str, kind: Any) -> None:
        title, folder = self.run.folder.name, self.run.folder / "events"
        tracker = kind(title, logging_dir=folder) if kind.requires_logging_directory else kind(title)
        tracker.start() if hasattr(tracker, "start") else None
        tracker.store_init_configuration(_plain(self.recipe.resolved()))
        self.active[name] = tracker

    def _guarded(self, name: str, action: Callable[..., Any], *args: Any, **more: Any) -> None:
        """A tracker that raises is dropped with one line."""
        if failure := self._failure(action, *args, **more):
            self.active.pop(name, None)
            _tell(f"tracker {name} failed and is off: {failure}")

    @staticmethod
    def _failure(action: Callable[..., Any], *args: Any, **more: Any) -> str:
        """What an action raised; nothing when it was done."""
        try:
            action(*args, **more)
        except (Exception, SystemExit) as error:
            return f"{type(error).__name__}: {error}"
        return ""


def _show(name: str, tracker: Any, path: Path, t: int) -> None:
    with Image.open(path) as opened:
        pixels = np.asarray(opened.convert("RGB"))  # (H, W, 3)
    shown = pixels if name in SINGLE else pixels[None]  # (1, H, W, 3)
    tracker.log_images({GRID: shown}, step=t, **LAYOUT.get(name, {}))


def _tell(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


def _plain(tree: Tree) -> dict[str, Any]:
    """Nested tables as {"generator.z_dim": 100}: TensorBoard takes scalars only."""
    return {key: value if isinstance(value, (bool, int, float, str)) else str(value) for key, value in flat(tree)}
