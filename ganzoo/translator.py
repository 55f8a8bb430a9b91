"""The base class of translators: procedures that translate one sample into another, and need inputs, not noise."""

from __future__ import annotations

import inspect
import math
from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.config.component import Blueprint
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Batch, Dataset, Generator, Panel, Spec, Transform
from ganzoo.procedure import Procedure

GRID_WIDTH = 400  # pixels of images in a row of a grid, about
GRID_ROWS = 6


class Translator(Procedure):
    """A procedure that translates an input a into a sample b.

    A transform computes the inputs from the data, or the data has "a" and "b".

    Args:
        spec: Spec of the outputs.
        transform: Builds the transform; None for data with "a" and "b".

    Attributes:
        spec: Spec of the outputs.
        source: Spec of the inputs.
        transform: The transform, or None.
    """

    needs_pairs: bool = True
    """True when outputs are compared with targets, so that an input and its target must belong together."""

    def __init__(self, spec: Spec, transform: Blueprint | None = None):
        super().__init__()
        self.transform: Transform | None = transform() if transform else None
        self.spec = spec
        self.source = self.transform.spec(spec) if self.transform else spec.source

    @property
    def two_way(self) -> bool:
        """True when translate_back() is implemented."""
        return type(self).translate_back is not Translator.translate_back

    @property
    def multiple(self) -> int:
        """Sides of an input may be any multiple of this; 0 for those of `source` only."""
        return math.lcm(*(generator.multiple for generator in self.generators())) if self.generators() else 0

    def make(self, generator: Blueprint, spec: Spec | None = None, source: Spec | None = None) -> Generator:
        """Build a generator that translates inputs.

        Args:
            generator: Builds the generator.
            spec: Spec of its outputs; by default that of the procedure.
            source: Spec of its inputs; by default those of the procedure.

        Returns:
            The generator.

        Raises:
            IncompatibleError: It has a prior, or takes inputs of another shape.
        """
        name = f"generator {generator.entry.name}"
        output = spec or self.spec
        source = source or self.source
        takes_source = "source" in inspect.signature(generator.entry.load()).parameters
        network: Generator = generator(output, source=source) if takes_source else generator(output)
        if network.z_dim:
            raise IncompatibleError(
                f"{name} draws from noise, and this procedure translates inputs: use a generator that does."
            )
        if (shape := network.source_shape or output.shape) != source.shape:
            raise IncompatibleError(
                f"{name} takes inputs of shape {tuple(shape)}, and they have {tuple(source.shape)}: use another "
                "[transform], or another generator."
            )
        return network

    @abstractmethod
    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        """Translate inputs.

        Args:
            a: Inputs (N, *source.shape).
            y: Labels (N,) when conditional, otherwise None.

        Returns:
            Outputs (N, *spec.shape).
        """

    def translate_back(self, b: Tensor, y: Tensor | None = None) -> Tensor:
        """Translate samples into inputs: the other direction, of a procedure that learns both.

        Args:
            b: Samples (N, *spec.shape).
            y: Labels (N,) when conditional, otherwise None.

        Returns:
            Inputs (N, *source.shape).

        Raises:
            IncompatibleError: The procedure learns one direction only.
        """
        raise IncompatibleError(f"{type(self).__name__} translates in one direction only.")

    def pairs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the inputs and targets of a batch.

        Args:
            batch: A batch of the data.

        Returns:
            Inputs (N, *source.shape) and targets (N, *spec.shape).

        Raises:
            GanzooError: The data has no pairs and there is no transform.
        """
        if self.transform:
            b = batch["b"] if "b" in batch else batch["x"]
            with torch.autocast(b.device.type, enabled=False):  # data stays in full precision
                return self.transform(b), b
        if not {"a", "b"} <= batch.keys():
            raise GanzooError(
                'this procedure translates, and the data has no pairs "a" and "b". Compute them from images by a table '
                "[transform]; see `ganzoo list transform`."
            )
        return batch["a"], batch["b"]

    def score(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Refuse: a translator's discriminator judges a sample beside the input that it was made of."""
        raise IncompatibleError("a translator judges a sample beside its input: it scores no single samples.")

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Translate n inputs of uniform noise, which gives samples of the right shape but without meaning.

        `ganzoo sample` and Model.sample() translate examples of the data instead.

        Args:
            n: Number of samples.
            y: Labels (n,) when conditional, otherwise None.

        Returns:
            Samples (n, *spec.shape).
        """
        device = next(self.parameters()).device
        return self.translate(2 * torch.rand(n, *self.source.shape, device=device) - 1, y)

    def preview(self, batch: Batch) -> Panel:
        """Return a grid of inputs, outputs and, where they belong together, targets next to each other.

        Args:
            batch: A batch of the data.

        Returns:
            As many examples as a grid has room for.
        """
        a, b = self.shown(batch, self.kinds)
        outputs = self.translate(a, batch["y"][: len(a)] if self.conditional else None)
        return beside(a, outputs, b) if self.needs_pairs else beside(a, outputs)

    def shown(self, batch: Batch, kinds: int) -> tuple[Tensor, Tensor]:
        """Return as many inputs and targets of a batch as a grid has room for.

        Args:
            batch: A batch of the data.
            kinds: Number of pictures of each example in the grid.

        Returns:
            Inputs (n, *source.shape) and targets (n, *spec.shape).
        """
        n = shown(self.spec, kinds)
        return self.pairs({key: value[:n] for key, value in batch.items()})

    @property
    def kinds(self) -> int:
        """Number of pictures that a grid shows of each example: input, output and, where they belong to it, target."""
        return 3 if self.needs_pairs else 2


def check_data(procedure: Procedure, dataset: Dataset) -> None:
    """Check that a procedure can train on two sets, if the data is two sets.

    Args:
        procedure: The procedure.
        dataset: The data.

    Raises:
        IncompatibleError: It needs pairs, single samples, or computes inputs itself.
    """
    if not dataset.sides():
        return
    name = f"procedure {type(procedure).__name__}"
    if not isinstance(procedure, Translator):
        raise IncompatibleError(
            f"the data is two sets, and {name} learns from one: leave out [dataset_a], or use a procedure that "
            "translates."
        )
    if procedure.needs_pairs:
        raise IncompatibleError(
            f"the data is two sets that do not belong together, and {name} compares outputs with targets: use data of "
            "pairs, a [transform] in place of [dataset_a], or a procedure for two sets."
        )
    if procedure.transform:
        raise IncompatibleError(
            "[transform] computes inputs from the samples, and [dataset_a] has inputs: leave out one of them."
        )


def beside(*columns: Tensor) -> Panel:
    """Arrange several kinds of images in a grid: the first of each kind, then the second of each, and so on.

    Args:
        *columns: Images (N, C, H, W) of one kind. Smaller ones are enlarged without smoothing to the size of the
            largest, and grey ones are converted to colour when others have colours.

    Returns:
        The grid.
    """
    channels, height, width = (max(images.shape[k] for images in columns) for k in (1, 2, 3))
    resized = [interpolate(images.float(), (height, width)).expand(-1, channels, -1, -1) for images in columns]
    in_turn = torch.stack(resized, dim=1).flatten(0, 1)  # K of (N, C, H, W) -> (N, K, C, H, W) -> (N * K, C, H, W)
    return Panel(in_turn, len(columns) * _across(width, len(columns)))


def grid_columns(spec: Spec, source: Spec, kinds: int) -> int:
    """Return the columns of a grid of beside() with so many kinds of images, inputs and outputs among them."""
    return kinds * _across(max(spec.shape[-1], source.shape[-1]), kinds)


def shown(spec: Spec, kinds: int) -> int:
    """Return the number of images of each kind that a grid of beside() has room for."""
    return GRID_ROWS * _across(spec.shape[-1], kinds)


def _across(width: int, kinds: int) -> int:
    return max(1, GRID_WIDTH // (kinds * width))
