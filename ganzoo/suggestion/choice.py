"""Choice of networks, side and steps for pictures and a time: what plugins suggest is timed on this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import psutil
import torch

from ganzoo.config import resolver
from ganzoo.config.recipe import Recipe
from ganzoo.errors import SetupError
from ganzoo.hookspecs import Suggestion
from ganzoo.interfaces import Batch, Dataset, Spec
from ganzoo.registry.discovery import Plugins
from ganzoo.suggestion.pictures import Pictures
from ganzoo.training import device, dry_run, tuned
from ganzoo.training import forecast as forecasts
from ganzoo.training.forecast import Forecast
from ganzoo.training.session import Session
from ganzoo.training.threads import Threads
from ganzoo.utils.isolation import Isolated

FEWEST_OF_A_CLASS = 20  # pictures; with fewer of some class the labels are not used
FIRST_GRID = 50  # step of the first sample grid
GRIDS = 10  # sample grids at even intervals
CHECKPOINTS = 4
GLANCE = 2.0  # seconds for which each suggestion is timed
LONG_LOOK = 10.0  # seconds for which the chosen one is timed
RESERVE = 0.97  # share of the time that is planned
SHORT = 3000  # steps below which weights are averaged over fewer


@dataclass(frozen=True)
class Choice:
    """A recipe for pictures and a time.

    Attributes:
        pictures: The pictures, at the side that they are trained at.
        suggestion: Networks and settings.
        tables: The tables of the recipe.
        minutes: Time of the whole command that trains it.
        step_seconds: Time of one step.
        machine: The device and the number of threads that it was timed with.
        tried: What was too slow, a clause each.
        busy: Other programs kept the processor busy while it was timed.
        rushed: There are fewer steps than the suggestion asks for, because nothing that is suggested is faster.
        tuned: Settings of [run] that `ganzoo bench --tune` found for these networks on this machine.
    """

    pictures: Pictures
    suggestion: Suggestion
    tables: Mapping[str, Any]
    minutes: float
    step_seconds: float
    machine: str
    tried: tuple[str, ...]
    busy: bool
    rushed: bool
    tuned: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chooser:
    """Chooses among the suggestions of a plugin.

    Attributes:
        plugins: The plugins.
        owner: Owner of the plugin whose suggestions are used.
        start_up: Seconds that a command needs before it reads data.
        say: Shows a line of text to the user.
    """

    plugins: Plugins
    owner: str
    start_up: float
    say: Callable[[str], None]

    def choose(self, pictures: Pictures, minutes: float) -> Choice:
        """Choose the best suggestion for the largest side that has enough steps in the time; the fastest if none has.

        From the fastest on, suggestions are timed until one is too slow.

        Args:
            pictures: The pictures.
            minutes: Time for the whole command that trains the recipe.

        Returns:
            The choice.

        Raises:
            SetupError: Nothing is suggested for such pictures.
            GanzooError: A suggested recipe cannot be trained.
        """
        seconds = max(1.0, 60 * minutes * RESERVE - self.start_up - pictures.seconds)
        too_slow: list[str] = []
        fastest: tuple[float, Pictures, Suggestion] | None = None
        for there in map(pictures.at, pictures.sides):
            best: Suggestion | None = None
            for suggestion in reversed(self._suggestions(there)):
                patience = seconds / suggestion.fewest_steps
                step_seconds = self._timed(there, suggestion, GLANCE, patience).step_seconds
                side = there.spec.shape[-1]
                report = f"{suggestion.name} at {side}x{side} takes {step_seconds:.2g} s a step"
                self.say(report)
                if step_seconds > patience:
                    too_slow.append(report)
                    fastest = min(filter(None, (fastest, (step_seconds, there, suggestion))), key=lambda item: item[0])
                    break
                best = suggestion
            if best is not None:
                return self._choice(there, best, seconds, too_slow)
        if fastest is None:
            raise SetupError(
                f"no plugin of {self.owner!r} suggests networks for pictures of shape {pictures.spec.shape}. "
                "Set another size, such as size=64."
            )
        return self._choice(fastest[1], fastest[2], seconds, too_slow, rushed=True)

    def _suggestions(self, pictures: Pictures) -> list[Suggestion]:
        """Return the suggestions, the best and slowest first."""
        labelled = min(pictures.classes.values(), default=0) >= FEWEST_OF_A_CLASS
        spec = pictures.spec if labelled else replace(pictures.spec, classes=0)
        found: list[Suggestion] = []
        for plugin, call in self.plugins.callers("ganzoo_suggest"):
            if plugin.partition("/")[0] != self.owner:
                continue
            with Isolated() as isolated:
                for suggestions in call(spec=spec, examples=pictures.count, border=pictures.border):
                    found += suggestions
            if isolated.error:
                raise SetupError(
                    f"plugin {plugin} failed in ganzoo_suggest: {isolated.failure}. Tell its authors, or ask another "
                    "plugin: --by ganzoo."
                ) from isolated.error
        return found

    def _choice(
        self, pictures: Pictures, suggestion: Suggestion, seconds: float, tried: list[str], rushed: bool = False
    ) -> Choice:
        """Time a suggestion once more, for longer, and set the number of its steps."""
        forecast = self._timed(pictures, suggestion, min(LONG_LOOK, seconds / 10))
        (grid_seconds,) = (item.seconds or 0.0 for item in forecast.occasions if item.name == forecasts.GRIDS)
        drawing = grid_seconds * (GRIDS + 6)  # six early ones
        steps = _two_digits(min(suggestion.most_steps, max(1.0, seconds - drawing) / forecast.step_seconds))
        trained = steps * forecast.step_seconds + drawing + self.start_up + pictures.seconds
        tables = _tables(pictures, suggestion, steps)
        found = self._tuned(tables, pictures)
        settings = self._recipe(tables).run
        accelerator_device = device.accelerator(settings).device
        threads = f", {Threads(settings, accelerator_device)}" if accelerator_device.type == "cpu" else ""
        return Choice(
            pictures=pictures,
            suggestion=suggestion,
            tables={**tables, "run": {**tables["run"], **found}},
            minutes=trained / 60,
            step_seconds=forecast.step_seconds,
            machine=f"{accelerator_device}{threads}",
            tried=tuple(tried),
            busy=psutil.getloadavg()[0] > max(2.0, 1.25 * (psutil.cpu_count() or 1)),
            rushed=rushed,
            tuned=tuple(found),
        )

    def _timed(
        self, pictures: Pictures, suggestion: Suggestion, seconds: float, patience: float = float("inf")
    ) -> Forecast:
        """Time some steps; on noise unless the pictures are read while training."""
        tables = _tables(pictures, suggestion, 1000)
        tables["run"] |= self._tuned(tables, pictures)
        recipe = self._recipe(tables)
        noise = None if pictures.streamed else Noise(pictures.spec, 4 * recipe.run.batch_size)
        session = Session(recipe, device.accelerator(recipe.run), noise)
        with closing(session.batches):
            return dry_run.time_steps(recipe, session, seconds, patience)

    def _tuned(self, tables: Mapping[str, Any], pictures: Pictures) -> dict[str, Any]:
        """Return the other settings that `ganzoo bench --tune` found here; threads are measured while training."""
        recipe = self._recipe(tables)
        settings, found = recipe.run.model_dump(), tuned.read(recipe, pictures.spec)
        return {name: value for name, value in found.items() if name != "threads" and value != settings[name]}

    def _recipe(self, tables: Mapping[str, Any]) -> Recipe:
        return resolver.resolve(dict(tables), self.plugins.zoo, f"the suggestion of {self.owner}", name="suggested")


class Noise(Dataset):
    """Random pictures in memory, to time the training of others of the same shape.

    Args:
        spec: Shape and classes.
        n: Number of pictures.
    """

    in_memory = True

    def __init__(self, spec: Spec, n: int):
        self.spec = spec
        self.x = torch.randint(256, (n, *spec.shape), dtype=torch.uint8)
        self.y = torch.arange(n) % max(1, spec.classes)

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: int) -> Batch:
        return {key: value[i] for key, value in self.tensors().items()}

    def tensors(self) -> Batch:
        return {"x": self.x, "y": self.y} if self.spec.classes else {"x": self.x}


def _tables(pictures: Pictures, suggestion: Suggestion, steps: int) -> dict[str, Any]:
    """Return the tables of the recipe: grids are drawn often at the beginning."""
    run = {
        "steps": steps,
        "batch_size": 64,
        "seed": 0,
        "ema": 0.999 if steps >= SHORT else 0.995,
        "log": max(1, steps // 100),
        "first_sample": min(FIRST_GRID, steps),
        "sample": max(1, steps // GRIDS),
        "save": max(1, steps // CHECKPOINTS),
        **suggestion.tables.get("run", {}),
    }
    dataset = {"use": pictures.dataset.entry.name, **pictures.dataset.settings}
    others = {name: table for name, table in suggestion.tables.items() if name not in ("run", "dataset")}
    return {"run": run, "dataset": dataset, **others}


def _two_digits(number: float) -> int:
    """Round down to two digits, at least to 1."""
    unit = 10 ** max(0, len(str(int(number))) - 2)
    rounded: int = int(number) // unit * unit
    return max(1, rounded)
