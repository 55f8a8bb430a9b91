"""The loss-sensitive GAN, Qi 2017 (arXiv:1701.06264): a loss function is learned that is smaller on real samples.

    min over L  of  gamma E L(x) + E [margin(x, G(z)) + L(x) - L(G(z))]+        margin(x, x') = lambda ||x - x'||_1
    min over G  of  E L(G(z))

The further a fake is from the real sample of its pair, the larger its loss must be. The least-squares GAN, also called
LSGAN, is a different method: the loss `least_squares` (arXiv:1611.04076).

Logits here are large on real samples, so L(x) = -D(x). The authors' L ends in a ReLU, and is 0 everywhere, with no
gradient, once all of its inputs are negative; this one ends in a linear layer, which cannot die. With gamma = 0 adding
a constant to L changes nothing.

The paper's theory needs an L whose slope is bounded: regularizers such as spectral_norm or gradient_penalty do that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, NonNegativeFloat
from torch import Tensor
from torch.nn.functional import leaky_relu

from ganzoo import Batch, Blueprint, Move, Spec, TwoPlayerProcedure


class LossSensitive(TwoPlayerProcedure):
    """The learned loss moves first, then the generator on the same fakes.

    `kept`, the share of pairs that keep their margin, is logged.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        regularizer: Blueprints of the regularizers.
        margin: The paper's lambda, times the distance summed over all numbers of a sample. The authors' 2e-4 is for
            images of 3x64x64; smaller samples need 12288 / size times as much.
        gamma: Weight of the loss of real samples; 0 in the paper without labels.
        slope: Slope of the penalty of a pair that keeps its margin: 0 is LS-GAN, 1 gives WGAN's difference of means,
            values between them the paper's GLS-GAN.

    Raises:
        IncompatibleError: A network is conditional.
    """

    takes_labels = False

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        regularizer: list[Blueprint] | None = None,
        margin: NonNegativeFloat = 2e-4,
        gamma: NonNegativeFloat = 0.0,
        slope: Annotated[float, Field(ge=0, le=1)] = 0.0,
    ):
        super().__init__(spec, generator, discriminator, regularizer=regularizer)
        self.margin = margin
        self.gamma = gamma
        self.slope = slope

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        batch = next(data)
        fakes = self.fakes(batch)
        x, fake = batch["x"], fakes.x.detach()
        real_loss, fake_loss = self.L(x), self.L(fake)  # (N,), (N,)
        terms = self.pairs(x, fake, real_loss, fake_loss)
        penalised = self.discriminator_terms(terms.pop("margin"), batch, fakes, t, (-real_loss, -fake_loss))
        yield {"discriminator": {"margin": penalised.pop("adversarial"), **terms, **penalised}}
        self.project()
        loss = self.L(fakes.x)  # the same fakes, the updated loss
        helped = self.generator_terms(loss.mean(), batch, fakes, t, (None, -loss))
        yield {"generator": {"loss": helped.pop("adversarial"), **helped}}

    def pairs(self, x: Tensor, fake: Tensor, real_loss: Tensor, fake_loss: Tensor) -> dict[str, Tensor]:
        """Return the terms of the learned loss on pairs of a real sample and a fake.

        Args:
            x: Real samples (N, *shape).
            fake: Generated samples (N, *shape).
            real_loss: The learned loss (N,) of the real samples.
            fake_loss: The learned loss (N,) of the generated samples.

        Returns:
            Scalars by name.
        """
        distance = (x - fake).abs().flatten(1).sum(1)  # (N,)
        missing = self.margin * distance + real_loss - fake_loss  # positive for pairs that do not keep the margin
        self.log(real=-real_loss, fake=-fake_loss, kept=(missing <= 0).float())
        terms = {"margin": leaky_relu(missing, self.slope).mean()}
        return {**terms, "real": self.gamma * real_loss.mean()} if self.gamma else terms

    def L(self, x: Tensor) -> Tensor:  # noqa: N802 - the paper's letter
        """Return the losses (N,) of samples (N, *shape), small for real ones: the mean over a map of patches."""
        return -self.D(x).reshape(len(x), -1).mean(1)
