"""The base class of translators with a discriminator."""

from __future__ import annotations

from torch import Tensor, nn

from ganzoo import Discriminator, Generator, IncompatibleError, Loss, Translator


class AdversarialTranslator(Translator):
    """A generator that translates, against a discriminator of its outputs, without labels.

    The constructor of a subclass sets G, D and loss, and then calls need_no_labels().
    """

    G: Generator
    D: Discriminator
    loss: Loss

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G]}

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        b: Tensor = self.G(a)
        return b

    def need_no_labels(self, name: str) -> None:
        """Refuse conditional networks in the name of the procedure."""
        if self.conditional or self.D.conditional:
            raise IncompatibleError(f"procedure {name} has no labels to give: use networks that are not conditional.")
