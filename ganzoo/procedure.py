"""The base class of procedures, which own the networks of a GAN and define the moves of its players."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from ganzoo.errors import IncompatibleError
from ganzoo.interfaces import Batch, Discriminator, Generator, Move, Panel
from ganzoo.utils import distributed

if TYPE_CHECKING:
    from PIL.Image import Image


class Procedure(nn.Module, ABC):
    """The training procedure of a GAN, written as the algorithm in its paper.

    The constructor takes `spec`, a blueprint for each table of the recipe (generator, discriminator, loss, ...), and
    settings. Networks are attributes, so that state_dict() holds them. All other state that a checkpoint must restore,
    such as a running balance or a lagged copy, is a buffer or a frozen module. A procedure never calls backward() or an
    optimizer: the engine does.
    """

    batches_per_step: int = 1
    """Number of batches that one step() takes, from which `run.epochs` is converted to steps."""
    discrete: bool = False
    """True when it can train on token ids, through which no gradient flows back from the discriminator."""
    changing: Sequence[Any] = ()
    """The numbers of its components that change in training, which the recipe has as tables; set by ganzoo."""

    @abstractmethod
    def players(self) -> Mapping[str, list[nn.Module]]:
        """Return the modules that each player trains. Every trainable parameter belongs to exactly one player."""

    @abstractmethod
    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        """Yield the moves of step t. The engine updates the players of a move before it continues with the next line.

        Compute a loss term after the moves that it depends on. Do not keep torch.no_grad() active across a yield. Keep
        no state in local variables that later steps need.

        Args:
            data: The batches.
            t: The step, from 0.

        Yields:
            Moves: the loss terms of each player that is updated.
        """

    @abstractmethod
    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Generate samples.

        Args:
            n: Number of samples.
            y: Labels (n,) when conditional, otherwise None.

        Returns:
            Samples (n, *spec.shape).
        """

    @property
    def conditional(self) -> bool:
        """True when sample() needs labels."""
        return any(generator.conditional for generator in self.generators())

    def generators(self) -> list[Generator]:
        """Return the generators that sample() uses: every Generator of the procedure, unless overridden."""
        return [module for module in self.modules() if isinstance(module, Generator)]

    def averaged(self) -> list[nn.Module]:
        """Return the modules whose weights `run.ema` averages: generators(), unless overridden.

        The running statistics of their batch norm are estimated for the averaged weights, from batches of sample().
        """
        return list(self.generators())

    def score(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Score given samples, by default by the logit of the discriminator, the mean of maps of patches.

        A procedure with a better measure of how well a sample fits the data, such as an anomaly score, overrides this.

        Args:
            x: Samples (N, *spec.shape), images in [-1, 1].
            y: Labels (N,) where the discriminator judges samples under them.

        Returns:
            Scores (N,), larger for samples that look real.

        Raises:
            IncompatibleError: There is not one discriminator of single samples, or labels are missing.
        """
        judges = self.discriminators()
        if not judges:
            raise IncompatibleError(
                "there is no discriminator to score samples with. Exports leave it out: give a run or a checkpoint."
            )
        if len(judges) > 1:
            raise IncompatibleError(f"this GAN has {len(judges)} discriminators, and a sample is scored by one.")
        (judge,) = judges
        if judge.conditional and y is None:
            raise IncompatibleError("this discriminator judges samples under their labels: give them, as by --label L.")
        logits: Tensor = judge(x, y if judge.conditional else None)
        return logits.flatten(1).mean(1) if logits.dim() > 1 else logits  # (N, K, h, w) -> (N,)

    def discriminators(self) -> list[Discriminator]:
        """Return the discriminators: every one that is not part of another, unless overridden."""
        found = {name: module for name, module in self.named_modules() if isinstance(module, Discriminator)}
        return [
            module
            for name, module in found.items()
            if not any(name.startswith(f"{other}.") for other in found if other)
        ]

    def preview(self, batch: Batch) -> Tensor | Panel:
        """Return the samples that a grid shows for a batch of real ones.

        Args:
            batch: Real samples, and their labels if there are any.

        Returns:
            Samples, by default one for each label of the batch; a Panel to set the number of columns too.
        """
        return self.sample(len(next(iter(batch.values()))), batch.get("y") if self.conditional else None)

    def panels(self, batch: Batch) -> Mapping[str, Panel | Image]:
        """Return further pictures to save with every grid, such as reconstructions or a plot.

        Args:
            batch: The batch that preview() gets.

        Returns:
            Pictures by name. The name becomes part of a file name: lower case, no spaces.
        """
        return {}

    def log(self, **values: Tensor) -> None:
        """Log numbers along with the losses, such as logits of real samples.

        Args:
            **values: Tensors by name; their means are logged every `run.log` steps.
        """
        self.__dict__.setdefault("logged", {}).update({name: value.detach() for name, value in values.items()})

    def over_processes(self, value: Tensor) -> Tensor:
        """Return the mean of a value over all processes, detached.

        Use it for state that must be equal on all processes, and for decisions that all must take together, such as
        which player moves.

        Args:
            value: The value of this process.

        Returns:
            The mean; with a single process, the value.
        """
        return distributed.reduce_mean(value)
