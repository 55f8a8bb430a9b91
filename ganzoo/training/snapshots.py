"""Sample grids of a training run: always from the same noise, with averaged weights if there are any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

from PIL.Image import Image
from torch import Tensor

from ganzoo.config.recipe import Recipe
from ganzoo.data import subset
from ganzoo.interfaces import Batch, Panel
from ganzoo.sampling import preview, tokens
from ganzoo.sampling.model import Model
from ganzoo.training import statistics
from ganzoo.training.session import Session
from ganzoo.utils import atomic, modes, rng
from ganzoo.visualization import grid, png


class Snapshots:
    """Samples of one training run: pictures of them, and statistics.

    Args:
        recipe: The recipe of the run.
        session: The networks and data that it trains.
    """

    def __init__(self, recipe: Recipe, session: Session):
        self.recipe = recipe
        self.dataset = session.dataset
        self.procedure = session.procedure
        self.ema = session.ema
        self.device = session.engine.accelerator.device

    def pictures(self) -> dict[str, Panel | Image]:
        """Return the sample grid under the name "", and the procedure's further pictures under their names."""
        with self._sampling():
            batch = {key: value.to(self.device) for key, value in self._grid_batch.items()}
            samples = self.procedure.preview(batch)
            main = samples if isinstance(samples, Panel) else Panel(samples, self._columns)
            return {"": main, **self.procedure.panels(batch)}

    def real(self) -> Panel:
        """Return real samples, in the number and the columns of the sample grid."""
        return Panel(self._real_samples, self._columns)

    def numbers(self, pictures: Mapping[str, Panel | Image]) -> dict[str, float]:
        """Compute statistics of the samples.

        Args:
            pictures: The result of pictures().

        Returns:
            The measurements of the dataset as "data/NAME", and the diversity of the grid as "samples/diversity".
        """
        return {**self._measured(), **self._diversity(pictures[""])}

    def save(self, picture: Panel | Image, path: Path, with_real: bool = False) -> None:
        """Write a PNG file, or a text file for samples of token ids.

        Args:
            picture: The samples, or a finished picture.
            path: The PNG file; the text file has the same name with the suffix ".txt".
            with_real: Show real samples to the left if the recipe has `run.beside`.

        Raises:
            OSError: The file cannot be written.
        """
        if not isinstance(picture, Panel):
            atomic.write_file(path, png.to_png(picture))
        elif self.dataset.spec.vocab and not picture.samples.is_floating_point():
            tokens.save(picture.samples, self.dataset.words, path.with_suffix(".txt"))
        else:
            left = self._real_samples if with_real and self.recipe.run.beside else None
            grid.save(picture.samples, path, picture.columns, left)

    def averaged(self) -> AbstractContextManager[None]:
        """Use averaged weights inside the block, if there are any."""
        return self.ema.swapped_in()

    @property
    def model(self) -> Model:
        """The model that ganzoo.load() would return if the run ended now; use it inside averaged()."""
        data = self.dataset
        return Model(self.procedure, data.spec, data.class_names, data.words, self.recipe)

    def fixed_reading(self) -> AbstractContextManager[None]:
        """Read examples inside the block with the same random augmentation each time, and without training's noise."""
        return rng.seeded(self.recipe.run.seed)

    @contextmanager
    def _sampling(self) -> Iterator[None]:
        with self.averaged(), modes.sampling(self.procedure, self.device, self.recipe.run.seed):
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
        """Return the diversity of a grid that has one sample for each real one; nothing for other pictures."""
        if not isinstance(picture, Panel) or picture.samples.shape != self._real_samples.shape:
            return {}
        classes = len(preview.shown_classes(self.dataset.spec)) if self.procedure.conditional else 0
        diversity = statistics.diversity(picture.samples, self._real_samples, classes)
        return {} if diversity is None else {"samples/diversity": diversity}

    @cached_property
    def _real(self) -> Batch:
        count, _ = preview.layout(self.dataset.spec, self.procedure.conditional)
        with self.fixed_reading():
            if self.procedure.conditional and self.dataset.spec.classes:
                return subset.take_by_class(self.dataset, count, preview.shown_classes(self.dataset.spec))
            return subset.take_random(self.dataset, count, seed=0)  # evenly spaced ones would show a period of the data

    @property
    def _real_samples(self) -> Tensor:
        """The samples of the data; of pairs, the outputs."""
        return self._real["x" if "x" in self._real else "b"]

    @cached_property
    def _grid_batch(self) -> Batch:
        """The batch of which the grid is a preview: real samples; if conditional, with one class for each column."""
        if not self.procedure.conditional:
            return self._real
        return {**self._real, "y": preview.labels(self.dataset.spec, len(self._real_samples))}

    @property
    def _columns(self) -> int:
        return preview.layout(self.dataset.spec, self.procedure.conditional)[1]
