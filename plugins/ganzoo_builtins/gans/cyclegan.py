"""CycleGAN, Zhu, Park, Isola and Efros 2017 (arXiv:1703.10593): translation in both directions, without pairs.

G translates a to b, and F translates b to a. A discriminator of each set judges what looks like it, and a translation
there and back again should return the input:

    L = L_GAN(G, D_b) + L_GAN(F, D_a) + cycle * (E |F(G(a)) - a| + E |G(F(b)) - b|)
        + identity * cycle * (E |G(b) - b| + E |F(a) - a|)

The loss does not see which input belongs to which sample: it accepts any pairing that can be reversed. That G leaves
samples of its target alone (`identity`) favours translations that change little.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import l1_loss

from ganzoo import (
    Batch,
    Blueprint,
    Comparison,
    Discriminator,
    Fakes,
    Generator,
    IncompatibleError,
    Loss,
    Move,
    Panel,
    Regularizers,
    Spec,
    Translator,
    beside,
)
from ganzoo_builtins.gans.pix2pix import PatchDiscriminator, initialise
from ganzoo_builtins.gans.requirements import need_image
from ganzoo_builtins.procedures.replay import Pool

LARGE = 128  # side above which the paper has 9 residual blocks, and not 6


class CycleGANGenerator(Generator):
    """a -> b: two convolutions of stride 2 down, residual blocks, two transposed convolutions up, a tanh.

    Section 7.1 of the paper, after Johnson et al. 2016 (arXiv:1603.08155). Instance norm without scale and shift, maps
    reflected at the border. It takes images of any size whose sides are multiples of 4.

    Args:
        spec: Shape, kind and classes of the samples.
        source: Spec of the inputs; by default that of the outputs.
        width: Channels next to the image; they double at each halving.
        blocks: Number of residual blocks; by default the paper's 9, or 6 for sides up to 128.
    """

    multiple = 4

    def __init__(
        self, spec: Spec, source: Spec | None = None, width: PositiveInt = 64, blocks: PositiveInt | None = None
    ):
        super().__init__()
        channels, source_channels = check_sides("generator cyclegan", spec, source)
        self.source_shape = (source_channels, *spec.shape[1:])
        blocks = blocks or (9 if max(spec.shape[1:]) > LARGE else 6)
        self.down = nn.Sequential(
            *_layer(nn.ReflectionPad2d(3), nn.Conv2d(source_channels, width, 7)),
            *_layer(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)),
            *_layer(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)),
        )
        self.blocks = nn.Sequential(*(Residual(4 * width) for _ in range(blocks)))
        self.up = nn.Sequential(
            *_layer(nn.ConvTranspose2d(4 * width, 2 * width, 3, stride=2, padding=1, output_padding=1)),
            *_layer(nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, channels, 7),
            nn.Tanh(),
        )
        self.apply(initialise)

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        x = self.down(a)  # (N, c, H, W) -> (N, width, H, W) -> (N, 4*width, H/4, W/4)
        x = self.blocks(x)
        return self.up(x)  # -> (N, 2*width, H/2, W/2) -> (N, width, H, W) -> (N, C, H, W)


class Residual(nn.Module):
    """x + f(x), f of two 3x3 convolutions with instance norm."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(
            *_layer(nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(width, width, 3),
            nn.InstanceNorm2d(width),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class CycleGANDiscriminator(PatchDiscriminator):
    """x -> a logit for each patch: 4x4 convolutions, strided ones first, then two that are not.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels next to the image, doubled at each layer, up to eight times as many.
        layers: Number of strided layers: 1 sees patches of 16 pixels, 2 of 34, and 3, as in the paper, of 70.
        norm: "instance" in all layers but the first and the last, as in the paper, or "none".
    """

    def __init__(
        self,
        spec: Spec,
        width: PositiveInt = 64,
        layers: Annotated[int, Field(ge=1, le=8)] = 3,
        norm: Literal["instance", "none"] = "instance",
    ):
        super().__init__("cyclegan", spec, width, layers, nn.InstanceNorm2d if norm == "instance" else None, bias=True)


class CycleGAN(Translator):
    """Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (arXiv:1703.10593).

    Both generators move at once, then both discriminators, on one batch of inputs a and one of samples b. The
    discriminators see translations from a pool of earlier ones (section 4 of the paper).

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of both generators.
        discriminator: Blueprint of both discriminators.
        loss: Blueprint of the loss; the paper's is least_squares with g_weight = 1.
        regularizer: Blueprints of the regularizers, which each discriminator and its generator get.
        transform: Blueprint of the transform that makes inputs out of samples; None for data with inputs.
        cycle: Weight of the distance between an input and its translation there and back again.
        identity: Weight, relative to `cycle`, of the distance between a sample and its translation by the generator
            that makes such samples. 0.5 in the paper's code; 0 where inputs and samples have different shapes.
        pool: Number of earlier translations of each direction for the discriminators; 0 for none.

    Raises:
        IncompatibleError: A generator has a prior or does not fit the inputs, or a network is conditional.
    """

    needs_pairs = False
    G: Generator
    F: Generator
    D_b: Discriminator
    D_a: Discriminator
    loss: Loss

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        transform: Blueprint | None = None,
        cycle: NonNegativeFloat = 10.0,
        identity: NonNegativeFloat = 0.5,
        pool: NonNegativeInt = 50,
    ):
        super().__init__(spec, transform)
        if identity and self.source.shape != spec.shape:
            raise IncompatibleError(
                f"procedure cyclegan compares inputs of shape {self.source.shape} with outputs of shape {spec.shape}: "
                "set procedure.identity=0, or bring both to one shape."
            )
        self.G = self.make(generator)
        self.F = self.make(generator, spec=self.source, source=spec)
        self.D_b = discriminator(spec)
        self.D_a = discriminator(self.source)
        if self.conditional or self.D_a.conditional:
            raise IncompatibleError("procedure cyclegan has no labels to give: use networks that are not conditional.")
        self.loss = loss()
        self.cycle = cycle
        self.identity = identity
        self.regularizers = nn.ModuleList(
            [
                Regularizers(regularizer, self.D_b, self.G, spec),
                Regularizers(regularizer, self.D_a, self.F, self.source),
            ]
        )
        self.pools = nn.ModuleList([Pool(one, pool, share=0.5) for one in (spec, self.source) if pool])

    def players(self) -> dict[str, list[nn.Module]]:
        return {"generator": [self.G, self.F], "discriminator": [self.D_b, self.D_a]}

    def translate(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        b: Tensor = self.G(a)
        return b

    def translate_back(self, b: Tensor, y: Tensor | None = None) -> Tensor:
        a: Tensor = self.F(b)
        return a

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        a, b = self.pairs(next(data))
        fake_b, fake_a = self.G(a), self.F(b)
        terms = {
            **self._generator_terms("b", b, fake_b, a, t),
            **self._generator_terms("a", a, fake_a, b, t),
            "cycle_a": self.cycle * l1_loss(self.F(fake_b), a),
            "cycle_b": self.cycle * l1_loss(self.G(fake_a), b),
        }
        if self.identity:
            terms["identity_b"] = self.identity * self.cycle * l1_loss(self.G(b), b)
            terms["identity_a"] = self.identity * self.cycle * l1_loss(self.F(a), a)
        yield {"generator": terms}
        yield {
            "discriminator": {
                **self._discriminator_terms("b", b, fake_b.detach(), a, t),
                **self._discriminator_terms("a", a, fake_a.detach(), b, t),
            }
        }
        for side in ("b", "a"):
            self._of(side)[2].project()

    def _generator_terms(self, side: str, real: Tensor, fake: Tensor, source: Tensor, t: int) -> dict[str, Tensor]:
        """Return what the generator of one side minimises, of its discriminator and regularizers."""
        G, D, regularizers, _ = self._of(side)
        real_logits = D(real) if self.loss.uses_real else None
        fake_logits = D(fake)
        comparison = Comparison.of(
            D,
            G,
            real,
            fake,
            source=source,
            step=t,
            real_logits=real_logits,
            fake_logits=fake_logits,
            over_processes=self.over_processes,
        )
        own = {"adversarial": self.loss.generator(real_logits, fake_logits)}
        return _named(regularizers.generator_terms(comparison, own), side)

    def _discriminator_terms(self, side: str, real: Tensor, fake: Tensor, source: Tensor, t: int) -> dict[str, Tensor]:
        """Return what the discriminator of one side minimises, on fakes some of which come from the pool."""
        G, D, regularizers, pool = self._of(side)
        fake = pool(Fakes(fake, None, source)).x if pool is not None else fake
        real_logits, fake_logits = D(real), D(fake)
        self.log(**{f"real_{side}": real_logits, f"fake_{side}": fake_logits})
        comparison = Comparison.of(
            D,
            G,
            real,
            fake,
            step=t,
            real_logits=real_logits,
            fake_logits=fake_logits,
            over_processes=self.over_processes,
        )
        own = {"adversarial": self.loss.discriminator(real_logits, fake_logits)}
        return _named(regularizers.terms(comparison, own), side)

    def _of(self, side: str) -> tuple[Generator, Discriminator, Regularizers, Pool | None]:
        """Return the generator of samples of a side, and what belongs to it."""
        k = ("b", "a").index(side)
        pool = self.pools[k] if len(self.pools) else None
        return (self.G, self.F)[k], (self.D_b, self.D_a)[k], self.regularizers[k], pool  # type: ignore[return-value]

    def score(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Score samples by the mean patch logit of their discriminator, (N, *shape) -> (N,)."""
        logits: Tensor = self.D_b(x)
        return logits.flatten(1).mean(1)

    def preview(self, batch: Batch) -> Panel:
        """Return inputs, their translations, and the way back, next to each other."""
        return _there_and_back(self.shown(batch, 3)[0], self.G, self.F)

    def panels(self, batch: Batch) -> Mapping[str, Panel]:
        """Return the same of the other direction, as "back"."""
        return {"back": _there_and_back(self.shown(batch, 3)[1], self.F, self.G)}


def check_sides(network: str, spec: Spec, source: Spec | None) -> tuple[int, int]:
    """Require images of equal size, of at least 8 pixels, whose sides are multiples of 4.

    Args:
        network: Kind and name of the network, for the message.
        spec: Spec of the outputs.
        source: Spec of the inputs; None for that of the outputs.

    Returns:
        Channels of outputs and of inputs.
    """
    channels, *sides = need_image(network, spec)
    source_channels, *source_sides = source.shape if source else spec.shape
    if source_sides != sides:
        raise IncompatibleError(
            f"{network} keeps the size of its input, and {source_sides} is not {sides}: bring both to one size, as by "
            "dataset.size=64."
        )
    if any(side % 4 or side < 8 for side in sides):
        better = max(8, -(-max(sides) // 4) * 4)
        raise IncompatibleError(
            f"{network} halves images twice, and {sides[0]}x{sides[1]} cannot be: add dataset.size={better}."
        )
    return channels, source_channels


def _layer(*convolution: nn.Module) -> list[nn.Module]:
    """Return a convolution with instance norm and ReLU."""
    width = convolution[-1].out_channels
    assert isinstance(width, int)
    return [*convolution, nn.InstanceNorm2d(width), nn.ReLU()]


def _named(terms: Mapping[str, Tensor], side: str) -> dict[str, Tensor]:
    return {f"{name}_{side}": term for name, term in terms.items()}


def _there_and_back(x: Tensor, there: nn.Module, back: nn.Module) -> Panel:
    translated = there(x)
    return beside(x, translated, back(translated))
