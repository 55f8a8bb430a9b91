"""AC-GAN, Odena, Olah and Shlens 2017 (arXiv:1610.09585): the discriminator predicts the label that it is not given."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import NonNegativeFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganzoo import Batch, Blueprint, Discriminator, Fakes, IncompatibleError, Move, Spec, features_width
from ganzoo_builtins.procedures.adversarial import Adversarial


class ACGAN(Adversarial):
    """A second head on the discriminator's features predicts the class of real samples and of fakes (section 3).

    With the log-likelihoods of the source and of the class,

        L_S = E log P(S = real | x) + E log P(S = fake | G(z, y))
        L_C = E log P(C = y | x) + E log P(C = y | G(z, y))

    the discriminator maximises L_S + L_C, and the generator L_C - L_S. Both losses of L_S are those of `loss`. The
    generator is conditional, and the discriminator is not. `class_real` and `class_fake` are logged: where the
    cross-entropy of fakes is far below that of real samples, the generator draws examples that are easy to classify.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator, which is conditional.
        discriminator: Blueprint of the discriminator, which is not.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers.
        d_class_weight: Weight of L_C in the discriminator's loss, 1 in the paper.
        g_class_weight: Weight of L_C in the generator's loss, 1 in the paper.
        classify: Samples whose class the discriminator learns: "both" as in the paper, or "real" alone.
        d_steps: Discriminator moves per step.
        g_steps: Generator moves per step.
        labels: Labels of fakes: those of the batch ("data"), or classes drawn with equal probability ("uniform").

    Raises:
        IncompatibleError: The data has no labels, the generator is not conditional, or the discriminator is.
    """

    classifies = True

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        d_class_weight: NonNegativeFloat = 1.0,
        g_class_weight: NonNegativeFloat = 1.0,
        classify: Literal["both", "real"] = "both",
        d_steps: PositiveInt = 1,
        g_steps: PositiveInt = 1,
        labels: Literal["data", "uniform"] = "data",
    ):
        super().__init__(spec, generator, discriminator, loss, regularizer, d_steps, g_steps, labels)
        self.d_class_weight = d_class_weight
        self.g_class_weight = g_class_weight
        self.classify = classify

    def build_discriminator(self, blueprint: Blueprint) -> Discriminator:
        if not self.spec.classes:
            raise IncompatibleError(
                f"procedure {type(self).__name__} predicts labels, and the data has none: use labelled data."
            )
        discriminator = super().build_discriminator(blueprint)
        self.add_class_layers(discriminator, features_width(discriminator, self.spec))
        return discriminator

    def add_class_layers(self, discriminator: Discriminator, width: int) -> None:
        """Add the layers that predict classes from features (N, width) to the discriminator."""
        discriminator.class_head = nn.Linear(width, self.spec.classes)

    def class_loss(self, features: Tensor, y: Tensor) -> Tensor:
        """Return -log P(C = y | x), averaged, from features (N, width) and labels (N,)."""
        return cross_entropy(self.D.get_submodule("class_head")(features), y)  # (N, width) -> (N, classes) -> ()

    def discriminator_move(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        fakes = fakes._replace(x=fakes.x.detach())
        assert fakes.y is not None, "the generator is conditional"
        real_features, real_logits = self.D.features_and_logits(batch["x"])  # (N, width), (N,)
        fake_features, fake_logits = self.D.features_and_logits(fakes.x)
        self.log_logits(real_logits, fake_logits)
        class_real = self.class_loss(real_features, batch["y"])
        class_fake = self.class_loss(fake_features, fakes.y)
        self.log(class_real=class_real, class_fake=class_fake)
        learned = class_real + class_fake if self.classify == "both" else class_real
        adversarial = self.loss.discriminator(real_logits, fake_logits)
        terms = self.discriminator_terms(adversarial, batch, fakes, t, (real_logits, fake_logits))
        yield {"discriminator": {**terms, "class": self.d_class_weight * learned}}
        self.project()

    def generator_move(self, batch: Batch, fakes: Fakes, t: int) -> Iterator[Move]:
        assert fakes.y is not None, "the generator is conditional"
        features, fake_logits = self.D.features_and_logits(fakes.x)  # (N, width), (N,)
        real_logits = self.judge_real(batch) if self.loss.uses_real else None
        adversarial = self.loss.generator(real_logits, fake_logits)
        terms = self.generator_terms(adversarial, batch, fakes, t, (real_logits, fake_logits))
        yield {"generator": {**terms, "class": self.g_class_weight * self.class_loss(features, fakes.y)}}
