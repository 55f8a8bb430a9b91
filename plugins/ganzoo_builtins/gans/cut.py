"""CUT, Park, Efros, Zhang and Zhu 2020 (arXiv:2007.15651): translation in one direction, by contrast between patches.

A patch of the output should be more similar to the patch of the input at its place than to other patches of the same
input. Similarity is that of features of the generator's own first half, after a small network H of each layer:

    L = L_GAN(G, D) + nce_a * NCE(a, G(a)) + nce_b * NCE(b, G(b))

The second contrast is an identity loss: samples are already as outputs should be. No second generator is needed, and
nothing asks that an output can be translated back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, cross_entropy, normalize, pad

from ganzoo import Batch, Blueprint, Discriminator, Generator, IncompatibleError, Move, Panel, Spec, beside
from ganzoo_builtins.gans.cyclegan import LARGE, Residual, check_sides
from ganzoo_builtins.procedures.translating import AdversarialTranslator

DEEP = 5  # residual block whose features are compared, beside those of the first; the last one if there are fewer


class CUTGenerator(Generator):
    """a -> b as CycleGAN's generator, with blurred halvings and doublings; its first half also gives features.

    A convolution at full size and then a blur that keeps every second pixel halve the map (Zhang 2019,
    arXiv:1904.11486), which moves features with the image. Weights start from Glorot's normal distribution with a gain
    of 0.02, as in the authors' code.

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
        channels, source_channels = check_sides("generator cut", spec, source)
        self.source_shape = (source_channels, *spec.shape[1:])
        blocks = blocks or (9 if max(spec.shape[1:]) > LARGE else 6)
        self.pad = nn.ReflectionPad2d(3)
        self.first = nn.Sequential(nn.Conv2d(source_channels, width, 7), nn.InstanceNorm2d(width), nn.ReLU())
        self.second = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.third = nn.Conv2d(2 * width, 4 * width, 3, padding=1)
        self.halve = nn.ModuleList(
            nn.Sequential(nn.InstanceNorm2d(n), nn.ReLU(), BlurDown()) for n in (2 * width, 4 * width)
        )
        self.blocks = nn.ModuleList(Residual(4 * width) for _ in range(blocks))
        self.up = nn.Sequential(
            *_doubled(4 * width, 2 * width),
            *_doubled(2 * width, width),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, channels, 7),
            nn.Tanh(),
        )
        self.widths = (source_channels, 2 * width, 4 * width, 4 * width, 4 * width)
        """Channels of each of features()."""
        self.apply(_initialise)

    def features(self, a: Tensor) -> list[Tensor]:
        """Return the maps that are compared: of receptive fields 1, 9, 15, 35, and 99 pixels with 5 blocks or more.

        Args:
            a: Images (N, c, H, W).

        Returns:
            The padded image, both maps before a halving, and those after the first and the fifth block.
        """
        return self._encode(a)[0]

    def forward(self, a: Tensor, y: Tensor | None = None) -> Tensor:
        return self.up(self._encode(a)[1])  # -> (N, width, H, W) -> (N, C, H, W)

    def _encode(self, a: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return the compared maps, and the map (N, 4*width, H/4, W/4) that the second half begins with."""
        maps = [self.pad(a)]  # (N, c, H + 6, W + 6)
        maps.append(self.second(self.first(maps[0])))  # -> (N, 2*width, H, W)
        maps.append(self.third(self.halve[0](maps[1])))  # -> (N, 4*width, H/2, W/2)
        x = self.halve[1](maps[2])  # -> (N, 4*width, H/4, W/4)
        for k, block in enumerate(self.blocks, 1):
            x = block(x)
            if k == 1 or k == min(DEEP, len(self.blocks)):
                maps.append(x)
        return (maps if len(maps) == len(self.widths) else [*maps, x]), x


class BlurDown(nn.Module):
    """Halves the side: the filter [1, 2, 1] in both directions, then every second pixel; reflected at the border."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 2.0, 1.0]) / 4
        self.register_buffer("taps", torch.outer(taps, taps)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.taps.to(x.dtype).expand(x.shape[1], -1, -1, -1)  # (C, 1, 3, 3)
        return conv2d(pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=x.shape[1])


class BlurUp(nn.Module):
    """Doubles the side: zeros between the pixels, then the filter [1, 3, 3, 1]; the border is repeated."""

    taps: Tensor

    def __init__(self) -> None:
        super().__init__()
        taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 4
        self.register_buffer("taps", torch.outer(taps, taps)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.taps.to(x.dtype).expand(x.shape[1], -1, -1, -1)  # (C, 1, 4, 4)
        x = conv_transpose2d(pad(x, (1, 1, 1, 1), mode="replicate"), kernel, stride=2, padding=1, groups=x.shape[1])
        return x[..., 2:-2, 2:-2]  # (N, C, 2H + 4, 2W + 4) -> (N, C, 2H, 2W)


class CUT(AdversarialTranslator):
    """Contrastive Learning for Unpaired Image-to-Image Translation (arXiv:2007.15651), section 3.

    The discriminator moves, then generator and H together, on one batch of inputs a and one of samples b.

    Args:
        spec: Shape, kind and classes of the samples.
        generator: Blueprint of the generator, which has features() and `widths`, as `cut` has.
        discriminator: Blueprint of the discriminator.
        loss: Blueprint of the loss; the paper's is least_squares with g_weight = 1.
        regularizer: Blueprints of the regularizers.
        transform: Blueprint of the transform that makes inputs out of samples; None for data with inputs.
        nce_a: Weight of the contrast between inputs and outputs; 1 in the paper, and 0.5 in its code, 10 for FastCUT.
        nce_b: Weight of the contrast between samples and their translation; 1 in the paper, and 0.5 in its code, 0 for
            FastCUT and where inputs and samples have different channels.
        temperature: What similarities are divided by.
        patches: Number of places that are compared in each map of an image; all of them where there are fewer.
        width: Width of the features after H.

    Raises:
        IncompatibleError: The generator has no features or does not fit the inputs, or a network is conditional.
    """

    needs_pairs = False

    def __init__(
        self,
        spec: Spec,
        generator: Blueprint,
        discriminator: Blueprint,
        loss: Blueprint,
        regularizer: list[Blueprint] | None = None,
        transform: Blueprint | None = None,
        nce_a: NonNegativeFloat = 1.0,
        nce_b: NonNegativeFloat = 1.0,
        temperature: PositiveFloat = 0.07,
        patches: PositiveInt = 256,
        width: PositiveInt = 256,
    ):
        super().__init__(spec, transform)
        self.G = self.make(generator)
        if not callable(getattr(self.G, "features", None)):
            raise IncompatibleError(
                f"procedure cut compares features of the generator's first half, and generator {generator.entry.name} "
                'has none: set generator.use="cut".'
            )
        if spec.shape[0] != self.source.shape[0]:
            raise IncompatibleError(
                f"procedure cut compares outputs of {spec.shape[0]} channels with inputs of {self.source.shape[0]} by "
                "the same network: bring both to the same number of channels."
            )
        self.D: Discriminator = discriminator(spec)
        self.loss = loss()
        self.nce_a = nce_a
        self.nce_b = nce_b
        self.temperature = temperature
        self.patches = patches
        self.H = nn.ModuleList(_head(channels, width) for channels in self.G.widths)  # type: ignore[union-attr]
        self.finish("cut", regularizer, spec)

    def players(self) -> dict[str, list[nn.Module]]:
        return {"discriminator": [self.D], "generator": [self.G, self.H]}

    def step(self, data: Iterator[Batch], t: int) -> Iterator[Move]:
        a, b = self.pairs(next(data))
        fake = self.G(a)
        yield self.discriminator_move(a, b, fake, t)
        self.regularizers.project()
        real, judged = self.D(b) if self.loss.uses_real else None, self.D(fake)
        own = {"adversarial": self.loss.generator(real, judged)}
        if self.nce_a:
            own["nce_a"] = self.nce_a * self.contrast(a, fake)
        if self.nce_b:
            own["nce_b"] = self.nce_b * self.contrast(b, self.G(b))
        comparison = self.comparison(a, b, fake, t, real_logits=real, fake_logits=judged)
        yield {"generator": self.regularizers.generator_terms(comparison, own)}

    def contrast(self, x: Tensor, output: Tensor) -> Tensor:
        """Return the PatchNCE loss, the mean over layers.

        Args:
            x: Images (N, c, H, W).
            output: What the generator made of them, (N, c, H, W).

        Returns:
            A scalar. No gradient flows through the features of x.
        """
        with torch.no_grad():
            keys = self.G.features(x)  # type: ignore[operator]
        queries: Sequence[Tensor] = self.G.features(output)  # type: ignore[operator]
        terms = []
        for H, k, q in zip(self.H, keys, queries, strict=True):
            places = torch.randperm(k[0, 0].numel(), device=k.device)[: self.patches]  # (S,), the same of all images
            # (N, C, h, w) -> (N, C, S) -> (N, S, C) -> (N, S, width)
            with torch.no_grad():
                k = H(k.flatten(2)[..., places].mT)
            q = H(q.flatten(2)[..., places].mT)
            terms.append(patch_nce(q, k, self.temperature))
        return torch.stack(terms).mean()

    def preview(self, batch: Batch) -> Panel:
        """Return inputs and outputs next to each other, and what becomes of samples."""
        a, b = self.shown(batch, 4)
        return beside(a, self.G(a), b, self.G(b))


def patch_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Return the cross-entropy of finding the key at a query's own place among all places of the same image.

    Equation 4 of the paper, where similarity is the cosine.

    Args:
        queries: Features (N, S, width) of the output.
        keys: Features (N, S, width) of the input, at the same places.
        temperature: What similarities are divided by.

    Returns:
        A scalar; ln S when all features are equal.
    """
    with torch.autocast(queries.device.type, enabled=False):
        q, k = normalize(queries.float(), dim=2), normalize(keys.float(), dim=2)
        similarities = q @ k.mT / temperature  # (N, S, S)
        own = torch.arange(q.shape[1], device=q.device).expand(len(q), -1)  # (N, S)
        return cross_entropy(similarities.flatten(0, 1), own.flatten())


def _head(channels: int, width: int) -> nn.Module:
    head = nn.Sequential(nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, width))
    head.apply(_initialise)
    return head


def _doubled(n_in: int, n_out: int) -> list[nn.Module]:
    """Return a doubling of the side, then a convolution with instance norm and ReLU."""
    return [BlurUp(), nn.Conv2d(n_in, n_out, 3, padding=1), nn.InstanceNorm2d(n_out), nn.ReLU()]


def _initialise(module: nn.Module) -> None:
    """Draw weights from Glorot's normal distribution with a gain of 0.02, and set biases to zero."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_normal_(module.weight, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
