"""A training run whose networks can be sampled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import checkpoint
from ganzoo.runs.folder import RunFolder
from ganzoo.sampling.model import Model

if TYPE_CHECKING:
    from torch import Tensor


class Run(RunFolder):
    """One training run: its folder, and samples from its networks."""

    def load(self, folder: Path | None = None, plugins: Plugins | None = None) -> Model:
        """Load the trained networks, with averages if the run has them. The data is not needed.

        Args:
            folder: A checkpoint folder; the newest checkpoint by default.
            plugins: The plugins that the recipe's components come from; by default all installed ones.

        Returns:
            The model, in evaluation mode.

        Raises:
            RunError: The run folder or the checkpoint cannot be used.
        """
        plugins = plugins or discovery.load()
        recipe, spec, resolved = self.recipe(plugins.zoo), self.spec, self.resolved
        saved = checkpoint.read(folder or self.latest)
        with torch.random.fork_rng(devices=[]):  # building seeds PyTorch's generator; restore the caller's
            procedure = instantiate.procedure(recipe, spec)
        checkpoint.load_weights(procedure, saved)
        averages = saved.tensors.get("ema", {})  # version 0.1 saved no statistics: the trained ones stay
        for name, tensor in [*procedure.named_parameters(), *procedure.named_buffers()]:
            if name in averages:
                tensor.data.copy_(averages[name])
        return Model(procedure.eval(), spec, resolved["class_names"], resolved.get("words", []), recipe)

    def sample(self, n: int, y: Any = None, seed: int | None = None, truncation: float | None = None) -> Tensor:
        """Generate n samples (n, *shape) from the newest checkpoint; arguments as for `Model.sample()`."""
        return self.load().sample(n, y, seed, truncation)
