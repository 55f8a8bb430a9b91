"""Self-attention, SAGAN, Zhang et al. 2019 (arXiv:1805.08318), section 3, for any convolutional networks."""

from typing import Literal

from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import IncompatibleError, Regularizer, Spec
from ganzoo_builtins.layers.self_attention import SelfAttention as Layer
from ganzoo_builtins.probe import Call, probe

NAME = "regularizer self_attention"


class SelfAttention(Regularizer):
    """Inserts a self-attention layer into the networks, through which each pixel of a map sees all others.

    The layer is inserted after the last map of the given size: in a generator before the map grows, in a discriminator
    before it shrinks. Among the modules that return such a map, the outermost count, so that a residual block stays
    whole.

    Args:
        size: Side of the map in pixels, 32 in the paper.
        pool: Compute keys and values from the map at half its side, as in the authors' code.
        players: Networks that get the layer: "both" as in the paper, or one of them.
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

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        calls = probe(NAME, discriminator, generator)
        if self.players != "generator":
            self._insert(discriminator, calls.discriminator)
        if self.players != "discriminator":
            self._insert(generator, calls.generator)

    def _insert(self, network: nn.Module, calls: list[Call]) -> None:
        maps = [(c.name, c.module, c.output) for c in calls if isinstance(c.output, Tensor) and c.output.dim() == 4]
        image = maps[-1][2].shape if maps and maps[-1][2] is calls[-1].output else None
        places = [place for place in maps if place[2].shape[2] == self.size and place[2].shape != image]
        if not places:
            sizes = ", ".join(map(str, sorted({output.shape[2] for _, _, output in maps if output.shape != image})))
            has = f"{sizes}; set size to one of these" if sizes else "no maps at all; use a convolutional network"
            raise IncompatibleError(
                f"{NAME} has size = {self.size}, and {type(network).__name__} has no map of that side inside. "
                f"It has: {has}."
            )
        depth = min(name.count(".") for name, _, _ in places)
        name, module, output = [place for place in places if place[0].count(".") == depth][-1]
        layer = Layer(output.shape[1], self.pool).to(next(network.parameters()))
        network.set_submodule(name, nn.Sequential(module, layer))
