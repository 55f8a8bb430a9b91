"""What a run draws while it trains: always of the same noise, by averaged weights where there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from pathlib import Path

import torch
from PIL.Image import Image
from torch import Tensor

from ganzoo.config.recipe import Recipe
from ganzoo.data import subset
from ganzoo.interfaces import Batch, Panel
from ganzoo.sampling import preview, tokens
from ganzoo.sampling.model import Model
from ganzoo.training import statistics
from ganzoo.training.session import Session
from ganzoo.utils import atomic, rng
from ganzoo.visualization import grid


class Snapshots:
    """The samples of one training run, for the eye and for the few numbers that come with them."""

    def __init__(self, recipe: Recipe, trainee: Session):
        self.recipe = recipe
        self.dataset = trainee.dataset
        self.procedure = trainee.procedure
        self.ema = trainee.ema
        self.device = trainee.engine.accelerator.device

    def pictures(self) -> dict[str, Panel | Image]:
        """The grid as "", and by their names what the procedure shows beside it."""
        with self._sampling():
            batch = {key: value.to(self.device) for key, value in self._asked.items()}
            drawn = self.procedure.preview(batch)
            main = drawn if isinstance(drawn, Panel) else Panel(drawn, self._columns)
            return {"": main, **self.procedure.panels(batch)}

    def real(self) -> Panel:
        """Real samples, as many and in as many columns as the grid has."""
        return Panel(self._shown, self._columns)

    def numbers(self, pictures: Mapping[str, Panel | Image]) -> dict[str, float]:
        """What the data can tell of samples, as data/NAME, and how different those of the grid are."""
        return {**self._measured(), **self._diversity(pictures[""])}

    def save(self, picture: Panel | Image, path: Path, beside: bool = False) -> None:
        """A PNG; a text where samples are token ids. beside: with real samples, if the recipe wants them.

        Errors: OSError.
        """
        if not isinstance(picture, Panel):
            atomic.write_file(path, grid.to_png(picture))
        elif self.dataset.spec.vocab and not picture.samples.is_floating_point():
            tokens.save(picture.samples, self.dataset.words, path.with_suffix(".txt"))
        else:
            left = self._shown if beside and self.recipe.run.beside else None
            grid.save(picture.samples, path, picture.columns, left)

    def averaged(self) -> AbstractContextManager[None]:
        """Averaged weights inside the block, where there are any."""
        return self.ema.swapped_in() if self.ema else nullcontext()

    @property
    def model(self) -> Model:
        """What samples as ganzoo.load() would, had the run ended here; inside averaged()."""
        data = self.dataset
        return Model(self.procedure, data.spec, data.class_names, data.words, self.recipe)

    def reading(self) -> AbstractContextManager[None]:
        """Examples that are drawn anew each time they are read are drawn alike here, and not from training's noise."""
        return rng.seeded(self.recipe.run.seed)

    @contextmanager
    def _sampling(self) -> Iterator[None]:
        with self.averaged(), preview.sampling(self.procedure, self.device, self.recipe.run.seed):
            yield

    def _measured(self) -> dict[str, float]:
        n, classes = self.dataset.measured, self.dataset.spec.classes
        if not n:
            return {}
        y = preview.classes_in_turn(n, classes, self.device) if self.procedure.conditional else None
        with self._sampling():
            samples = self.procedure.sample(n, y).cpu()
        return {f"data/{name}": value for name, value in self.dataset.measure(samples).items()}

    def _diversity(self, picture: Panel | Image) -> dict[str, float]:
        """Where each sample of a grid stands for a real one; nothing for other pictures."""
        if not isinstance(picture, Panel) or picture.samples.shape != self._shown.shape:
            return {}
        classes = self.dataset.spec.classes if self.procedure.conditional else 0
        found = statistics.diversity(picture.samples, self._shown, classes)
        return {} if found is None else {"samples/diversity": found}

    @cached_property
    def _real(self) -> Batch:
        count, _ = preview.layout(self.dataset.spec, self.procedure.conditional)
        with self.reading():
            if self.procedure.conditional and self.dataset.spec.classes:
                return subset.take_by_class(self.dataset, count)
            return subset.take_random(self.dataset, count, seed=0)  # evenly spaced ones would show a period of the data

    @property
    def _shown(self) -> Tensor:
        """What the dataset holds, for the eye: of pairs, what the inputs should become."""
        return self._real["x" if "x" in self._real else "b"]

    @cached_property
    def _asked(self) -> Batch:
        """What the grid is drawn for: those samples, and a column for each class, whichever of them occur."""
        if not self.procedure.conditional:
            return self._real
        count, classes = len(self._shown), self.dataset.spec.classes
        return {**self._real, "y": preview.classes_in_turn(count, classes, torch.device("cpu"))}

    @property
    def _columns(self) -> int:
        return preview.layout(self.dataset.spec, self.procedure.conditional)[1]
