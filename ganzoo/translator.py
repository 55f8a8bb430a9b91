"""A translator turns one sample into another. Without a prior, it needs inputs: data, or somebody's pictures."""

from __future__ import annotations

import inspect
from abc import abstractmethod

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganzoo.config.component import Blueprint
from ganzoo.errors import GanzooError, IncompatibleError
from ganzoo.interfaces import Batch, Generator, Panel, Spec, Transform
from ganzoo.procedure import Procedure

WIDE, ROWS = 400, 6  # pixels of images in a row of a grid, about; and rows


class Translator(Procedure):
    """A procedure that turns an input a into a sample b.

    Pairs are made of the data by a transform, or are the data's own "a" and "b". `spec` is what comes out, `source`
    what goes in.
    """

    def __init__(self, spec: Spec, transform: Blueprint | None = None):
        super().__init__()
        self.transform: Transform | None = transform() if transform else None
        self.spec = spec
        self.source = self.transform.spec(spec) if self.transform else spec

    def make(self, generator: Blueprint, spec: Spec | None = None) -> Generator:
        """The generator from `source` to `spec`, its own unless given.

        Errors: IncompatibleError for one that has a prior, or takes inputs of another shape.
        """
        name, wanted = f"generator {generator.entry.name}", spec or self.spec
        takes = "source" in inspect.signature(generator.entry.load()).parameters
        made: Generator = generator(wanted, source=self.source) if takes else generator(wanted)
        if made.z_dim:
            raise IncompatibleError(f"{name} draws from noise, and this procedure translates: use one that does.")
        if (shape := made.source_shape or wanted.shape) != self.source.shape:
            raise IncompatibleError(
                f"{name} takes inputs of shape {tuple(shape)}, and they have {tuple(self.source.shape)}: use another "
                "[transform], or another generator."
            )
        return made

    @abstractmethod
    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        """Inputs (N, *source.shape), labels (N,) when conditional -> (N, *spec.shape)."""

    def pairs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Inputs (N, *source.shape) and what they should become (N, *spec.shape). Errors: GanzooError without any."""
        if self.transform:
            b = batch["b"] if "b" in batch else batch["x"]
            with torch.autocast(b.device.type, enabled=False):  # data is not computed in half precision
                return self.transform(b), b
        if not {"a", "b"} <= batch.keys():
            raise GanzooError(
                'this procedure translates, and the data holds no pairs "a" and "b". Make some of any images by a '
                "table [transform]; see `ganzoo list transform`."
            )
        return batch["a"], batch["b"]

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """Translations of n inputs of plain noise: their shape is that of all samples, what they show means nothing.

        `ganzoo sample` and Model.sample() translate data instead.
        """
        device = next(self.parameters()).device
        return self.translate(2 * torch.rand(n, *self.source.shape, device=device) - 1, y)

    def preview(self, batch: Batch) -> Panel:
        """Input, output and truth beside each other, as many as there is room for."""
        n = shown(self.spec, 3)
        a, b = self.pairs({key: value[:n] for key, value in batch.items()})
        return beside(a, self.translate(a, batch["y"][:n] if self.conditional else None), b)


def beside(*columns: Tensor) -> Panel:
    """Images (N, c, h, w) of several kinds -> a grid of the first of each, then the second of each, and so on.

    Smaller ones are drawn as large as the largest, pixel by pixel, and grey ones in colour where others are.
    """
    channels, height, width = (max(images.shape[k] for images in columns) for k in (1, 2, 3))
    alike = [interpolate(images.float(), (height, width)).expand(-1, channels, -1, -1) for images in columns]
    in_turn = torch.stack(alike, dim=1).flatten(0, 1)  # K of (N, C, H, W) -> (N, K, C, H, W) -> (N * K, C, H, W)
    return Panel(in_turn, len(columns) * _across(width, len(columns)))


def shown(spec: Spec, kinds: int) -> int:
    """How many of each kind a grid of beside() has room for."""
    return ROWS * _across(spec.shape[-1], kinds)


def _across(width: int, kinds: int) -> int:
    return max(1, WIDE // (kinds * width))
