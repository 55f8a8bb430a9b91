"""Minibatch discrimination, Salimans et al. 2016 (arXiv:1606.03498), section 3.2, for any discriminator."""

import torch
from pydantic import PositiveInt
from torch import nn
from torch.nn.utils import parametrize

from ganzoo import IncompatibleError, Regularizer, Spec
from ganzoo_builtins.layers.minibatch_discrimination import MinibatchDiscrimination as Layer
from ganzoo_builtins.probe import probe

NAME = "regularizer minibatch_discrimination"


class MinibatchDiscrimination(Regularizer):
    """Adds each sample's closeness to the rest of its batch to the input of the discriminator's last layer.

    The discriminator can then detect a generator whose samples are all alike. The layer after the discriminator's
    features must be Linear; it is replaced by minibatch discrimination and a wider Linear. `features` do not change.

    Args:
        kernels: Number of closenesses of each sample, the paper's B.
        dims: Dimensions of the space in which each closeness is measured, the paper's C.
    """

    def __init__(self, kernels: PositiveInt = 100, dims: PositiveInt = 5):
        self.kernels = kernels
        self.dims = dims

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        calls = probe(NAME, discriminator, generator)
        heads = [call for call in calls.discriminator if any(call.input is features for features in calls.features)]
        heads = [call for call in heads if isinstance(call.module, nn.Linear)]  # dropout may return its input
        if len(heads) != 1 or not isinstance(heads[0].module, nn.Linear):
            raise IncompatibleError(
                f"{NAME} widens the Linear layer that takes the discriminator's features, and "
                f"{type(discriminator).__name__} has none: use one such as mlp, or add the layer to the network."
            )
        name, old = heads[0].name, heads[0].module
        if parametrize.is_parametrized(old):
            raise IncompatibleError(
                f"{NAME} comes too late for {name}: name it before the regularizer that changed that layer, or use "
                "a discriminator whose last layer is plain."
            )
        head = nn.Linear(old.in_features + self.kernels, old.out_features, bias=old.bias is not None).to(old.weight)
        with torch.no_grad():  # the same weights for the features
            head.weight[:, : old.in_features] = old.weight
            if old.bias is not None:
                head.bias.copy_(old.bias)
        layer = Layer(old.in_features, self.kernels, self.dims).to(old.weight)
        discriminator.set_submodule(name, nn.Sequential(layer, head))
