"""Self-attention, SAGAN, Zhang et al. 2019 (arXiv:1805.08318), section 3, for any convolutional networks."""

from typing import Literal

from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import IncompatibleError, Regularizer
from ganzoo_builtins.layers.self_attention import SelfAttention as Layer
from ganzoo_builtins.probing import Call, probe

NAME = "regularizer self_attention"


class SelfAttention(Regularizer):
    """Each pixel of a map sees all its pixels, in either network or in one, from one place on.

    The layer stands where the map is last `size` pixels wide: in a generator before it grows, in a discriminator before
    it shrinks. The last module counts among those that contain the fewest others, so that a residual block is
    left whole.

    size: side of the map, 32 in the paper. pool: see the layer. players: "both" as in the paper, or one of them.
    """

    def __init__(
        self,
        size: PositiveInt = 32,
        pool: bool = True,
        players: Literal["both", "discriminator", "generator"] = "both",
    ):
        self.size = size
        self.pool = pool
        self.players = players

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:
        found = probe(NAME, discriminator, generator)
        if self.players != "generator":
            self._insert(discriminator, found.discriminator)
        if self.players != "discriminator":
            self._insert(generator, found.generator)

    def _insert(self, network: nn.Module, calls: list[Call]) -> None:
        maps = [(c.name, c.module, c.made) for c in calls if isinstance(c.made, Tensor) and c.made.dim() == 4]
        image = maps[-1][2].shape if maps and maps[-1][2] is calls[-1].made else None
        here = [one for one in maps if one[2].shape[2] == self.size and one[2].shape != image]
        if not here:
            sizes = ", ".join(map(str, sorted({made.shape[2] for _, _, made in maps if made.shape != image})))
            has = f"{sizes}; set size to one of these" if sizes else "no maps at all; use a convolutional network"
            raise IncompatibleError(
                f"{NAME} has size = {self.size}, and {type(network).__name__} has no map of that side inside. "
                f"It has: {has}."
            )
        shallow = min(name.count(".") for name, _, _ in here)
        name, module, made = [one for one in here if one[0].count(".") == shallow][-1]
        layer = Layer(made.shape[1], self.pool).to(next(network.parameters()))
        network.set_submodule(name, nn.Sequential(module, layer))
