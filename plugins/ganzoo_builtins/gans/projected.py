"""The discriminator of Projected GAN, Sauer et al. 2021 (arXiv:2111.01007): a frozen network's features are judged.

A classifier that was trained on other pictures turns an image into maps of four sizes. Random convolutions, which are
frozen as well, mix their channels (the paper's CCM), and add smaller maps to larger ones (CSM), so that what is easy to
tell is spread over all of them. A small network judges each of the four. The loss is `hinge`.

The weights of the classifier are a safetensors file with its SHA-256: `weights` and `sha256`. Without them it keeps
random weights, which the paper shows to be worse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torchvision
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.utils.parametrizations import spectral_norm
from torchvision.models.feature_extraction import create_feature_extractor

from ganzoo import Discriminator, IncompatibleError, Pretrained, Spec, stack_logits
from ganzoo_builtins.gans.requirements import need_image

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet's colours in [0, 1]
LEAST_SIDE = 32  # pixels that leave a map of one pixel


class Classifier(NamedTuple):
    """A classifier of torchvision.

    Attributes:
        build: Builds it with random weights.
        layers: Names of the layers that end in a map of each size, the largest first.
        widths: Channels of these maps.
    """

    build: Callable[[], nn.Module]
    layers: tuple[str, ...]
    widths: tuple[int, ...]


CLASSIFIERS = {
    "squeezenet1_1": Classifier(
        torchvision.models.squeezenet1_1,
        ("features.2", "features.5", "features.8", "features.12"),
        (64, 128, 256, 512),
    ),
    "resnet18": Classifier(torchvision.models.resnet18, ("layer1", "layer2", "layer3", "layer4"), (64, 128, 256, 512)),
}


class ProjectedDiscriminator(Discriminator):
    """x -> four maps of logits, one for the features of each size of a frozen classifier.

    Args:
        spec: Shape, kind and classes of the samples.
        classifier: The classifier, one of torchvision's.
        weights: Its weights: a safetensors file, absolute or below the data folder, or an https address. Other tensors
            in it, such as those of the last layer, are ignored.
        sha256: SHA-256 of this file.
        side: Pixels to which images are enlarged or reduced first.
        width: Channels of the mixed features, and of the networks that judge them.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        spec: Spec,
        classifier: Literal["squeezenet1_1", "resnet18"] = "squeezenet1_1",
        weights: str = "",
        sha256: str = "",
        side: PositiveInt = 64,
        width: PositiveInt = 64,
    ):
        super().__init__()
        channels, _, _ = need_image("discriminator projected", spec)
        if channels not in (1, 3):
            raise IncompatibleError(
                f"discriminator projected needs grey or colour images, not {channels} channels: use multi_scale."
            )
        if side < LEAST_SIDE:
            raise IncompatibleError(
                f"discriminator projected needs a side of {LEAST_SIDE}, not {side}: set discriminator.side=64."
            )
        chosen = CLASSIFIERS[classifier]
        extractor = create_feature_extractor(chosen.build(), [*chosen.layers])
        self.layers = chosen.layers
        self.side = side
        self.backbone = Pretrained(extractor, weights, sha256)
        self.mix = nn.ModuleList(Pretrained(nn.Conv2d(n, width, 1)) for n in chosen.widths)  # CCM, random
        self.join = nn.ModuleList(Pretrained(nn.Conv2d(width, width, 3, padding=1)) for _ in chosen.widths[1:])  # CSM
        self.judges = nn.ModuleList(
            nn.Sequential(
                spectral_norm(nn.Conv2d(width, width, 3, padding=1)),
                nn.LeakyReLU(0.2),
                spectral_norm(nn.Conv2d(width, 1, 3, padding=1)),
            )
            for _ in chosen.widths
        )
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        maps = zip(self.judges, self.layer_features(x, y), strict=True)
        return stack_logits([judge(features) for judge, features in maps])  # -> four of (N, 1, h, w) -> (N, 4, h, w)

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return torch.cat([features.mean((2, 3)) for features in self.layer_features(x, y)], dim=1)  # (N, 4 width)

    def layer_features(self, x: Tensor, y: Tensor | None = None) -> list[Tensor]:
        x = interpolate(x, (self.side, self.side), mode="bilinear") if x.shape[2:] != (self.side, self.side) else x
        x = ((x + 1) / 2 - self.mean) / self.deviation  # (N, 1 or 3, H, W) -> (N, 3, side, side)
        maps = self.backbone(x)
        mixed = [mix(maps[layer]) for mix, layer in zip(self.mix, self.layers, strict=True)]  # (N, width, h, w)
        for k in reversed(range(len(self.join))):  # smaller maps are added to larger ones
            enlarged = interpolate(mixed[k + 1], mixed[k].shape[2:], mode="bilinear")
            mixed[k] = mixed[k] + self.join[k](enlarged)
        return mixed
