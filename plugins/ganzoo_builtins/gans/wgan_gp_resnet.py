"""The residual networks of WGAN-GP for CIFAR-10, Gulrajani et al. 2017 (arXiv:1704.00028).

They are the blocks that SNGAN took over, with 128 channels in the generator as well, and a critic that ends in the mean
over the map. The critic has no normalisation: a penalty on the gradient at each sample needs samples kept apart.
"""

from pydantic import PositiveInt
from torch import Tensor, nn

from ganzoo import Spec
from ganzoo_builtins.gans.condition import DiscriminatorCondition, DiscriminatorLabels, GeneratorCondition
from ganzoo_builtins.gans.sngan_resnet import SNGANResNetDiscriminator, SNGANResNetGenerator, glorot


class WGANGPResNetGenerator(SNGANResNetGenerator):
    """z -> x through three blocks that double the side. z is standard normal.

    Args:
        spec: Shape, kind and classes of the samples.
        z_dim: Width of the noise, 128 in the paper.
        width: Channels of every map, 128 in the paper.
        condition: How it takes labels: not ("none"), as a vector beside z ("concat"), or as that vector and batch norm
            with a gain and a bias of each class ("batch_norm").
    """

    name = "wgan_gp_resnet"

    def __init__(
        self,
        spec: Spec,
        z_dim: PositiveInt = 128,
        width: PositiveInt = 128,
        condition: GeneratorCondition = "none",
    ):
        super().__init__(spec, z_dim, width, condition)


class WGANGPResNetDiscriminator(SNGANResNetDiscriminator):
    """x -> logit through four blocks, the first two of which halve the side, and the mean over the map.

    Args:
        spec: Shape, kind and classes of the samples.
        width: Channels of every map, 128 in the paper.
        condition: How it takes labels: not ("none"), as a map beside the channels ("concat"), or by a projection of the
            features ("projection").
    """

    name = "wgan_gp_resnet"

    def __init__(self, spec: Spec, width: PositiveInt = 128, condition: DiscriminatorCondition = "none"):
        super().__init__(spec, width, condition)

    def last_layer(self, labels: DiscriminatorLabels, width: int) -> nn.Module:
        return glorot(labels.head(width))

    def features(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.layers(x, y).mean((2, 3))  # (N, C, H, W) -> (N, width, H/4, W/4) -> (N, width)
