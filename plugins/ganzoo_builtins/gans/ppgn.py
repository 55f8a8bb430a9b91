"""Plug and Play Generative Networks, Nguyen, Clune, Bengio, Dosovitskiy and Yosinski 2017 (arXiv:1612.00005).

A generator x = G(h) learns to turn the features h = E(x) of a classifier back into images. Sampling is a Markov chain
in h towards a class of the classifier, equation (11) of the paper with the loop through the image as prior:

    h <- h + eps1 (E(G(h)) - h) + eps2 d log p(y | G(h)) / dh + eps3 noise

This is the Noiseless Joint PPGN-h of section 3.5. The classifier is trained first and then stays fixed. After that the
generator minimises, for h = E(x) and h1 = E_1(x), an earlier layer of the classifier,

    pixel ||G(h) - x||^2 + early ||E_1(G(h)) - h1||^2 + feature ||E(G(h)) - h||^2 + adversarial L(D(G(h)))

Departures: the Joint PPGN-h of section 3.4, which also adds noise to h, h1 and x, is not here. The paper's classifier
is CaffeNet with 4,096 features, trained on ImageNet; this one is small, and trained on the recipe's data. Squares are
means over pixels and features, so that weights do not depend on sizes. The step is not divided by its mean size, as it
is in the authors' code, so that a chain stops where the class is certain.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import torch
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from ganzoo import (
    Batch,
    Blueprint,
    Comparison,
    Discriminator,
    Generator,
    IncompatibleError,
    Move,
    Panel,
    Procedure,
    Regularizers,
    Spec,
    features_width,
)
from ganzoo_builtins.gans.requirements import halved, need_labels, need_square_image

PACE = 0.01  # weight of a batch in the running mean and deviation of codes


class PPGNGenerator(Generator):
    """h -> x: two fully connected layers, then transposed convolutions, each with a convolution after it.

    LeakyReLU 0.3, as in the paper.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of h.
        width: Channels next to the image.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 64, width: PositiveInt = 32):
        super().__init__()
        channels, size = need_square_image("generator ppgn", spec)
        self.z_dim = z_dim
        start, doublings = halved(size, 4)
        n = width * 2**doublings
        layers = [nn.Linear(z_dim, 4 * z_dim), nn.LeakyReLU(0.3), nn.Linear(4 * z_dim, n * start**2), nn.LeakyReLU(0.3)]
        layers += [nn.Unflatten(1, (n, start, start))]  # (N, n, start, start)
        for _ in range(doublings):
            layers += [nn.ConvTranspose2d(n, n // 2, 4, stride=2, padding=1), nn.LeakyReLU(0.3)]  # twice the side
            layers += [nn.Conv2d(n // 2, n // 2, 3, padding=1), nn.LeakyReLU(0.3)]
            n //= 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(n, channels, 3, padding=1), nn.Tanh())

    def forward(self, h: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(h)  # (N, z_dim) -> (N, C, H, W)


class PPGNDiscriminator(Discriminator):
    """x -> code h >= 0 -> logit by strided convolutions; also the classifier, whose features are h.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of h.
        width: Channels next to the image.
    """

    def __init__(self, spec: Spec, z_dim: PositiveInt = 64, width: PositiveInt = 32):
        super().__init__()
        channels, size = need_square_image("discriminator ppgn", spec)
        layers: list[nn.Module] = [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
        while size > 4:
            layers += [nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.ReLU()]  # half the side, rounded up
            width, size = 2 * width, -(-size // 2)
        self.layers = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * size**2, z_dim), nn.ReLU())
        self.head = nn.Linear(z_dim, 1)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x)  # (N, C, H, W) -> (N, z_dim)

    def logits(self, features: Tensor, y: Tensor | None = None) -> Tensor:
        return self.head(features).squeeze(1)  # (N, 1) -> (N,)


class PPGN(Procedure):
    """Noiseless Joint PPGN-h (arXiv:1612.00005, section 3.5), with the classifier that it needs.

    h1 is what the last fully connected layer of the classifier's features is given, in the paper the layer pool5.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator.
        discriminator: Blueprint of the discriminator.
        discriminator_classifier: Blueprint of the classifier: a discriminator, whose last layer is replaced.
        loss: Blueprint of the loss.
        regularizer: Blueprints of the regularizers of discriminator and generator; the classifier has none.
        pretrain: Number of steps at the beginning in which the classifier alone is trained.
        pixel: Weight of the generator's squared error of pixels.
        early: Weight of the generator's squared error of the earlier features h1; 0 for a classifier without fully
            connected layers.
        feature: Weight of the generator's squared error of features.
        adversarial: Weight of the generator's adversarial term.
        iterations: Number of iterations of the chain for one sample.
        eps1: Size of the chain's step towards E(G(h)).
        eps2: Size of the chain's step up the gradient of the class's log-probability.
        eps3: Standard deviation of the noise in each iteration.

    Raises:
        IncompatibleError: The data has no labels, the generator's input is not as wide as the classifier's features,
            or these have no earlier layer.
    """

    mean: Tensor
    spread: Tensor

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        discriminator_classifier: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        pretrain: NonNegativeInt = 500,
        pixel: NonNegativeFloat = 10.0,
        early: NonNegativeFloat = 1.0,
        feature: NonNegativeFloat = 1.0,
        adversarial: NonNegativeFloat = 0.1,
        iterations: Annotated[int, Field(ge=1, le=10_000)] = 100,
        eps1: NonNegativeFloat = 0.1,
        eps2: NonNegativeFloat = 4.0,
        eps3: NonNegativeFloat = 0.1,
    ):
        super().__init__()
        need_labels("procedure ppgn", spec)
        self.G = generator(spec)
        self.D = discriminator(spec)
        self.E = discriminator_classifier(spec)
        self.loss = loss()
        width = features_width(self.E, spec)
        if self.G.z_dim != width:
            raise IncompatibleError(
                f"procedure ppgn: the generator takes {self.G.z_dim} numbers, and the classifier has {width} features "
                f"to give it: add generator.z_dim={width}."
            )
        if early and not _linear_layers(self.E):
            raise IncompatibleError(
                "procedure ppgn: the classifier has no fully connected layer before its features, of which the loss "
                "at the earlier layer h1 could take the input: add procedure.early=0, or use the discriminator ppgn."
            )
        self.E.head = nn.Linear(width, spec.classes)  # replaces the layer that told real from fake
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("spread", torch.ones(width))
        self.pretrain = pretrain
        self.pixel = pixel
        self.early = early
        self.feature = feature
        self.adversarial = adversarial
        self.iterations = iterations
        self.eps1 = eps1
        self.eps2 = eps2
        self.eps3 = eps3
        self.regularizers = Regularizers(regularizer, self.D, self.G, spec)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"classifier": [self.E], "discriminator": [self.D], "generator": [self.G]}

    @property
    def conditional(self) -> bool:
        return True

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        x, y = (batch := next(data))["x"], batch["y"]
        self.E.train(t < self.pretrain)
        if t < self.pretrain:
            logits = self.E.head(self.E.features(x))  # (N, classes)
            self.log(accuracy=(logits.argmax(1) == y).float())
            yield {"classifier": {"cross_entropy": cross_entropy(logits, y)}}
            return
        with torch.no_grad():
            h1, h = self.codes(x)  # (N, F), (N, z_dim)
            fake = self.G(h)
            self.mean.lerp_(h.mean(0).float(), PACE)
            self.spread.lerp_(h.std(0).float(), PACE)
        real_logits, fake_logits = self.D(x), self.D(fake)  # (N,), (N,)
        self.log(real=real_logits, fake=fake_logits)
        own = {"adversarial": self.loss.discriminator(real_logits, fake_logits)}
        comparison = self._compare(x, fake, h, (real_logits, fake_logits), t)
        yield {"discriminator": self.regularizers.terms(comparison, own)}
        self.regularizers.project()
        rebuilt = self.G(h)
        rebuilt_h1, rebuilt_h = self.codes(rebuilt)
        real, judged = self.D(x) if self.loss.uses_real else None, self.D(rebuilt)
        own = {
            "pixel": self.pixel * mse_loss(rebuilt, x),
            **({"early": self.early * mse_loss(rebuilt_h1, h1)} if self.early else {}),
            "feature": self.feature * mse_loss(rebuilt_h, h),
            "adversarial": self.adversarial * self.loss.generator(real, judged),
        }
        comparison = self._compare(x, rebuilt, h, (real, judged), t)
        yield {"generator": self.regularizers.generator_terms(comparison, own)}

    def _compare(self, x: Tensor, fake: Tensor, h: Tensor, logits: tuple[Tensor | None, Tensor], t: int) -> Comparison:
        """Return what regularizers are handed: real samples, and those that were made of their features."""
        return Comparison.of(
            self.D,
            self.G,
            x,
            fake,
            real_logits=logits[0],
            fake_logits=logits[1],
            source=h,
            step=t,
            over_processes=self.over_processes,
        )

    def codes(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the earlier features h1 (N, F) and the features h (N, z_dim) of samples; h1 = h where `early` is 0."""
        inputs: list[Tensor] = []
        layers = _linear_layers(self.E)[-1:] if self.early else []
        hooks = [layer.register_forward_pre_hook(lambda module, args: inputs.append(args[0])) for layer in layers]
        h = self.E.features(x)
        for hook in hooks:
            hook.remove()
        return (inputs[-1] if self.early else h), h

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        assert y is not None, "PPGN samples need labels"
        h = self.start(n)
        for _ in range(1 if h.is_meta else self.iterations):  # one iteration is enough for the shapes
            h = self.walk(h, y)
        return self.G(h)

    def start(self, n: int) -> Tensor:
        """Draw codes (n, z_dim) of independent features, with the mean and deviation of real samples'."""
        return (self.mean + self.spread * torch.randn(n, len(self.mean), device=self.mean.device)).relu()

    def walk(self, h: Tensor, y: Tensor) -> Tensor:
        """Return the codes (N, z_dim) one iteration further towards classes y (N,)."""
        with torch.enable_grad():
            h = h.detach().requires_grad_()
            code = self.E.features(self.G(h))  # (N, z_dim)
            (up,) = torch.autograd.grad(-cross_entropy(self.E.head(code), y, reduction="sum"), h)
        h = h + self.eps1 * (code - h) + self.eps2 * up + self.eps3 * torch.randn_like(h)
        return h.detach().relu()  # features of the classifier are not negative

    def panels(self, batch: Batch) -> dict[str, Panel]:
        """Return real samples, each to the left of its reconstruction from its features."""
        x = batch["x"]
        pairs = torch.stack([x, self.G(self.E.features(x))], 1)  # (N, 2, C, H, W)
        return {"reconstruction": Panel(pairs.flatten(0, 1)[:64])}


def _linear_layers(classifier: nn.Module) -> list[nn.Linear]:
    """Return the fully connected layers of a classifier in order, without its head."""
    named = classifier.named_modules()
    return [layer for name, layer in named if isinstance(layer, nn.Linear) and "head" not in name.split(".")]
