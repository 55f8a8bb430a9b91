"""A procedure owns the networks of one GAN and says who moves, in what order, minimising what."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from torch import Tensor, nn

from ganzoo.interfaces import Batch, Generator, Move, Panel
from ganzoo.utils import distributed

if TYPE_CHECKING:
    from PIL.Image import Image


class Procedure(nn.Module, ABC):
    """The training procedure of one GAN, as its paper's algorithm box has it.

    The constructor takes `spec`, a blueprint for each table of the recipe (generator, discriminator, loss, ...) and
    settings. Networks are attributes, so that state_dict() holds them; whatever else must survive a checkpoint
    (a balance, a lagged copy) is a buffer or a frozen module. The engine calls backward() and step(), never this class.
    """

    batches_per_step: int = 1
    """How many batches one step() draws: what turns `run.epochs` into steps."""
    discrete: bool = False
    """True when it can train on token ids, through which no gradient comes back from the discriminator."""

    @abstractmethod
    def players(self) -> Mapping[str, list[nn.Module]]:
        """Player -> the modules it trains. Every trainable parameter belongs to one."""

    @abstractmethod
    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        """Step t: each `yield` is a move, which the engine makes before the next line runs.

        Compute a term after the moves it should see. Never hold torch.no_grad() across a yield. Keep nothing in local
        variables that must outlive the step.
        """

    @abstractmethod
    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """() -> (n, *spec.shape); labels y (n,) when conditional."""

    @property
    def conditional(self) -> bool:
        """True when sample() needs labels."""
        return any(generator.conditional for generator in self.generators())

    def generators(self) -> list[Generator]:
        """What sample() runs: every Generator inside, unless overridden."""
        return [module for module in self.modules() if isinstance(module, Generator)]

    def averaged(self) -> list[nn.Module]:
        """What `run.ema` averages: generators(), unless overridden."""
        return list(self.generators())

    def preview(self, batch: Batch) -> Tensor | Panel:
        """What a sample grid shows for the batch beside it: samples for its labels; a Panel has columns of its own."""
        return self.sample(len(next(iter(batch.values()))), batch.get("y") if self.conditional else None)

    def panels(self, batch: Batch) -> Mapping[str, Panel | Image]:
        """Further pictures beside the grid of preview(), by name: reconstructions, one code at a time, a plot.

        `batch` is the one preview() gets. The name becomes part of a file's: lower case, no spaces.
        """
        return {}

    def log(self, **values: Tensor) -> None:
        """Numbers to show beside the losses, such as D's logits on real samples; read as means at `run.log`."""
        self.__dict__.setdefault("logged", {}).update({name: value.detach() for name, value in values.items()})

    def over_processes(self, value: Tensor) -> Tensor:
        """The mean of `value` over all processes, without its graph: the value itself where there is one process.

        State that all of them keep alike, and decisions that all must take alike, such as who moves, start from it.
        """
        return distributed.reduce_mean(value)
