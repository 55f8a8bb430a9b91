"""A training run whose networks can be sampled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ganzoo.config import instantiate
from ganzoo.errors import RunError, did_you_mean
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import averages, card, checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.sampling.model import Model
from ganzoo.sampling.standing_statistics import StandingStatistics

if TYPE_CHECKING:
    from torch import Tensor

    from ganzoo.config.recipe import Recipe
    from ganzoo.runs.checkpoint import Checkpoint


class Run(RunFolder):
    """One training run: its folder, and samples from its networks.

    Attributes:
        plugins: The plugins that it was trained with, in the process that trained it; by default None, for all
            installed ones.
    """

    plugins: Plugins | None = None

    def load(
        self, folder: Path | None = None, plugins: Plugins | None = None, average: str | float | None = None
    ) -> Model:
        """Load the trained networks, with averages if the run has them. The data is not needed.

        Args:
            folder: A checkpoint folder; the newest checkpoint by default.
            plugins: The plugins that the recipe's components come from; by default those of the run, or all installed
                ones.
            average: Name of an average in `run.averages`, "trained" for weights that are no average, or the width of
                an average to rebuild from snapshots, as a share of the run; by default that of `run.ema`.

        Returns:
            The model, in evaluation mode.

        Raises:
            RunError: The run folder or the checkpoint cannot be used.
        """
        plugins = plugins or self.plugins or discovery.load()
        recipe, spec, resolved = self.recipe(plugins.zoo), self.spec, self.resolved
        saved = checkpoint.read(folder or self.latest)
        with torch.random.fork_rng(devices=[]):  # building seeds PyTorch's generator; restore the caller's
            procedure = instantiate.procedure(recipe, spec)
        checkpoint.load_weights(procedure, saved)
        tensors = self._averages(saved, recipe, average)  # version 0.1 saved no statistics: the trained ones stay
        if isinstance(average, float):
            procedure.load_state_dict(tensors, strict=False)
            statistics = StandingStatistics(procedure, instantiate.dataset(recipe), recipe.run.batch_size)
            statistics.estimate()
            tensors = {}
        for name, tensor in [*procedure.named_parameters(), *procedure.named_buffers()]:
            if name in tensors:
                tensor.data.copy_(tensors[name])
        return Model(procedure.eval(), spec, resolved["class_names"], resolved.get("words", []), recipe)

    def _averages(self, saved: Checkpoint, recipe: Recipe, average: str | float | None) -> dict[str, Tensor]:
        """Return the averaged weights, and their batch-norm statistics if the checkpoint has them."""
        if average is None:
            return saved.tensors.get("ema", {})
        if average == "trained":
            return {}
        of_run = recipe.run.averages or {}
        if isinstance(average, float):
            widths = {name: one.power for name, one in of_run.items() if one.power is not None}
            with checkpoint.fitting():
                step = int(saved.states["state"]["step"])
            return averages.rebuild(self.folder, widths, step, average)
        if average not in of_run or "averages" not in saved.tensors:
            known = ["trained", *of_run]
            raise RunError(
                f"{self.folder} has no average named {average!r}.{did_you_mean(average, known)} There are: "
                f"{', '.join(known)}, or a width such as 0.1, if the run has snapshots."
            )
        prefix = f"{average}."
        return {n.removeprefix(prefix): t for n, t in saved.tensors["averages"].items() if n.startswith(prefix)}

    def sample(self, n: int, y: Any = None, seed: int | None = None, truncation: float | None = None) -> Tensor:
        """Generate n samples (n, *shape) from the newest checkpoint; arguments as for `Model.sample()`."""
        return self.load().sample(n, y, seed, truncation)

    def _repr_html_(self) -> str:
        return card.html(self)
