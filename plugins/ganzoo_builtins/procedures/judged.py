"""What GANs that translate have in common: a generator, a discriminator of what it makes, and no labels."""

from __future__ import annotations

from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, Loss, Translator


class Judged(Translator):
    """Two players. The constructor of a subclass sets G, D and loss, and asks for no labels by need_no_labels()."""

    G: Generator
    D: Discriminator
    loss: Loss

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G]}

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        return self.G(a)

    def need_no_labels(self, name: str) -> None:
        """Errors: IncompatibleError, in the name of the procedure, for networks that want some."""
        if self.conditional or self.D.conditional:
            raise IncompatibleError(f"procedure {name} has no labels to give: use networks that are not conditional.")
