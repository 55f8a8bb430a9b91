"""Experiment trackers by name (TensorBoard, Weights & Biases, ...), through Accelerate. None of them can stop a run.

They receive the values of every logged step, sample grids, and scores as "score/NAME".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from accelerate.tracking import LOGGER_TYPE_TO_CLASS, get_available_trackers
from PIL import Image

from ganzoo.config.parser import Tree, flat
from ganzoo.config.recipe import Recipe
from ganzoo.errors import RecipeError, SetupError, did_you_mean
from ganzoo.runs import layout
from ganzoo.sampling.run import Run
from ganzoo.terminal.console import Console
from ganzoo.utils.isolation import Isolated

GRID = "samples"  # name of the sample grids
IMAGE_OPTIONS: dict[str, dict[str, Any]] = {"tensorboard": {"dataformats": "NHWC"}}  # its default is NCHW
SINGLE_IMAGE = ("aim",)  # trackers that take one picture where the others take several


def find(names: Iterable[str]) -> dict[str, Any]:
    """Find the classes of trackers.

    Args:
        names: Names as in `run.trackers`.

    Returns:
        Accelerate's class of each.

    Raises:
        RecipeError: Accelerate does not know a tracker.
        SetupError: A tracker is not installed.
    """
    known = {str(getattr(name, "value", name)): kind for name, kind in LOGGER_TYPE_TO_CLASS.items()}
    installed = {str(getattr(name, "value", name)) for name in get_available_trackers()}
    for name in names:
        if name not in known:
            suggestion = did_you_mean(name, known)
            raise RecipeError(
                f"[run] trackers: no tracker named {name!r}.{suggestion} Known: {', '.join(sorted(known))}."
            )
        if name not in installed:
            raise SetupError(f"run.trackers names {name!r}, which is not installed: pip install {name}")
    return {name: known[name] for name in names}


class Trackers:
    """The trackers of `run.trackers`, active inside a `with` block; calling the object logs values to all of them.

    A tracker that raises is switched off with a message.

    Args:
        recipe: Names the trackers; its settings are logged.
        run: Its folder receives the files of trackers.

    Raises:
        RecipeError: Accelerate does not know a tracker.
        SetupError: A tracker is not installed.
    """

    def __init__(self, recipe: Recipe, run: Run):
        self.recipe = recipe
        self.run = run
        self.active = dict[str, Any]()
        self.without_pictures = set[str]()
        self.kinds = find(recipe.run.trackers)

    def __enter__(self) -> Trackers:
        for name, kind in self.kinds.items():
            self._guarded(name, self._start, name, kind)
        return self

    def __exit__(self, *_: object) -> None:
        for name, tracker in list(self.active.items()):
            self._guarded(name, tracker.finish)

    def __call__(self, values: Mapping[str, float], t: int) -> None:
        """Log the values of step t."""
        for name, tracker in list(self.active.items()):
            self._guarded(name, tracker.log, dict(values), step=t)

    def scores(self, t: int, values: Mapping[str, float]) -> None:
        """Log the scores of step t, by name."""
        self({f"score/{name}": value for name, value in values.items()}, t)

    def picture(self, path: Path, t: int) -> None:
        """Log the sample grid of step t to all trackers that take pictures; one that raises gets no further ones.

        Args:
            path: The PNG file.
            t: Number of steps done.
        """
        for name, tracker in self.active.items():
            if not hasattr(tracker, "log_images") or name in self.without_pictures:
                continue
            if failure := self._failure(_log_image, name, tracker, path, t):
                self.without_pictures.add(name)
                _print(f"tracker {name} cannot show pictures: {failure}")

    def _start(self, name: str, kind: Any) -> None:
        title, folder = self.run.folder.name, self.run.folder / layout.EVENTS
        tracker = kind(title, logging_dir=folder) if kind.requires_logging_directory else kind(title)
        tracker.start() if hasattr(tracker, "start") else None
        tracker.store_init_configuration(_plain(self.recipe.resolved()))
        self.active[name] = tracker

    def _guarded(self, name: str, action: Callable[..., Any], *args: Any, **more: Any) -> None:
        """Call a tracker, and switch it off with one message if it raises."""
        if failure := self._failure(action, *args, **more):
            self.active.pop(name, None)
            _print(f"tracker {name} failed and is off: {failure}")

    @staticmethod
    def _failure(action: Callable[..., Any], *args: Any, **more: Any) -> str:
        """Return the error that an action raised, as text; "" when there was none."""
        with Isolated() as isolated:
            action(*args, **more)
        return isolated.failure


def _log_image(name: str, tracker: Any, path: Path, t: int) -> None:
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))  # (H, W, 3)
    values = pixels if name in SINGLE_IMAGE else pixels[None]  # (1, H, W, 3)
    tracker.log_images({GRID: values}, step=t, **IMAGE_OPTIONS.get(name, {}))


def _print(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


def _plain(tree: Tree) -> dict[str, Any]:
    """Return nested tables as {"generator.z_dim": 100}: TensorBoard accepts scalars only."""
    return {key: value if isinstance(value, (bool, int, float, str)) else str(value) for key, value in flat(tree)}
