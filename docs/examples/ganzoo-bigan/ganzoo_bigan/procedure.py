"""Adversarial Feature Learning (Donahue et al. 2017, arXiv:1605.09782); at the same time ALI (arXiv:1606.00704)."""

from collections.abc import Iterator, Mapping

import ganzoo
import torch
from torch import Tensor, nn


class BiGAN(ganzoo.Procedure):
    """A generator from codes to samples and an encoder from samples to codes, against a judge of pairs: eq. (2).

        V(D, E, G) = E log D(x, E(x)) + E log(1 - D(G(z), z))

    The discriminator sees a sample concatenated with a code: real samples with the code that the encoder computes,
    fakes with the code that they were generated from. Generator and encoder move together, against both terms with the
    labels exchanged, as in section 3.4. At the optimum generator and encoder are inverses of each other.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        encoder: Blueprint of the encoder.
        discriminator: Blueprint of the discriminator, for one row of numbers.
        loss: Blueprint of the loss.

    Raises:
        IncompatibleError: Samples are token ids, a network is conditional, or the codes have two widths.
    """

    def __init__(
        self,
        spec: ganzoo.Spec,
        generator: ganzoo.Blueprint,
        encoder: ganzoo.Blueprint,
        discriminator: ganzoo.Blueprint,
        loss: ganzoo.Blueprint,
    ):
        super().__init__()
        self.G = generator(spec)
        self.E = encoder(spec)
        self.loss = loss()
        if self.G.z_dim != self.E.z_dim:
            raise ganzoo.IncompatibleError(
                f"procedure bigan: the generator's codes have {self.G.z_dim} numbers, the encoder's {self.E.z_dim}. "
                "Set generator.z_dim and encoder.z_dim alike."
            )
        self.D = discriminator(ganzoo.Spec((spec.size + self.G.z_dim,)))
        if self.G.conditional or self.E.conditional or self.D.conditional:
            raise ganzoo.IncompatibleError("procedure bigan asks for no labels. Use networks that are not conditional.")

    def players(self) -> Mapping[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G], "encoder": [self.E]}

    def step(self, data: Iterator[ganzoo.Batch], t: int) -> Iterator[ganzoo.Move]:
        x = next(data)["x"]
        z = self.G.prior(len(x))
        with torch.no_grad():
            real, fake = self._pair(x, self.E(x)), self._pair(self.G(z), z)
        yield {"discriminator": {"adversarial": self.loss.discriminator(self.D(real), self.D(fake))}}
        real, fake = self._pair(x, self.E(x)), self._pair(self.G(z), z)  # with gradients of encoder and generator
        fooled = self.loss.discriminator(self.D(fake), self.D(real))  # the labels exchanged
        yield {"generator": {"adversarial": fooled}, "encoder": {"adversarial": fooled}}

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        return self.G(self.G.prior(n))  # () -> (n, *shape)

    def panels(self, batch: ganzoo.Batch) -> Mapping[str, ganzoo.Panel]:
        """Reconstruct real samples from their codes."""
        return {"reconstructions": ganzoo.Panel(self.G(self.E(batch["x"])))}

    def _pair(self, x: Tensor, z: Tensor) -> Tensor:
        return torch.cat([x.flatten(1), z], 1)  # (N, *shape), (N, z_dim) -> (N, size + z_dim)
