"""The base class of translators with a discriminator."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from ganzoo import (
    Blueprint,
    Comparison,
    Discriminator,
    Generator,
    IncompatibleError,
    Loss,
    Move,
    Regularizers,
    Spec,
    Translator,
)


class AdversarialTranslator(Translator):
    """A generator that translates, against a discriminator of its outputs, without labels.

    The constructor of a subclass sets G, D and loss, and then calls finish().
    """

    G: Generator
    D: Discriminator
    loss: Loss
    regularizers: Regularizers

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G]}

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        b: Tensor = self.G(a)
        return b

    def finish(self, name: str, regularizer: list[Blueprint] | None, judged: Spec) -> None:
        """Refuse conditional networks in the name of the procedure, and attach the regularizers.

        Args:
            name: Name of the procedure.
            regularizer: Blueprints of the regularizers.
            judged: Shape of what the discriminator is given.

        Raises:
            IncompatibleError: A network is conditional, or a regularizer does not suit the networks.
        """
        if self.conditional or self.D.conditional:
            raise IncompatibleError(f"procedure {name} has no labels to give: use networks that are not conditional.")
        self.regularizers = Regularizers(regularizer, self.D, self.G, judged)

    def judge(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the logits of targets or outputs b for the inputs a; of b alone, unless overridden."""
        logits: Tensor = self.D(b)
        return logits

    def discriminator_move(self, a: Tensor, b: Tensor, fake: Tensor, t: int) -> Move:
        """Return the discriminator's move, in which it tells targets from outputs.

        Args:
            a: Inputs (N, *source.shape).
            b: Targets (N, *shape).
            fake: Outputs (N, *shape); no gradient flows into the generator.
            t: The step.

        Returns:
            Its terms, with those of the regularizers.
        """
        fake = fake.detach()
        real_logits, fake_logits = self.judge(a, b), self.judge(a, fake)
        self.log(real=real_logits, fake=fake_logits)
        comparison = self.comparison(a, b, fake, t, real_logits=real_logits, fake_logits=fake_logits)
        own = {"adversarial": self.loss.discriminator(real_logits, fake_logits)}
        return {"discriminator": self.regularizers.terms(comparison, own)}

    def comparison(self, a: Tensor, b: Tensor, fake: Tensor, t: int, **more: Any) -> Comparison:
        """Return what regularizers are handed in a move: targets beside outputs, for the same inputs.

        Args:
            a: Inputs (N, *source.shape).
            b: Targets (N, *shape).
            fake: Outputs (N, *shape).
            t: The step.
            **more: Further attributes, such as the logits that the move has computed.

        Returns:
            The targets are the real samples, and the outputs the generated ones.
        """
        more = {"source": a, "step": t, "over_processes": self.over_processes, **more}
        return Comparison.of(self.D, self.G, b, fake, **more)
