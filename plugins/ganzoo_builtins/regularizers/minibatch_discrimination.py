"""Minibatch discrimination, Salimans et al. 2016 (arXiv:1606.03498), section 3.2, for any discriminator."""

import torch
from pydantic import PositiveInt
from torch import nn
from torch.nn.utils import parametrize

from ganzoo import IncompatibleError, Regularizer
from ganzoo_builtins.layers.minibatch_discrimination import MinibatchDiscrimination as Layer
from ganzoo_builtins.probing import probe

NAME = "regularizer minibatch_discrimination"


class MinibatchDiscrimination(Regularizer):
    """The discriminator's last layer sees, beside the features of a sample, how close it is to the rest of its batch.

    A generator that makes all samples alike is then found out. What follows the discriminator's features must be a
    Linear layer; it is replaced by this one and a wider Linear. `features` themselves stay as they are.

    kernels: how many closenesses, the paper's B. dims: of the space each is measured in, its C.
    """

    def __init__(self, kernels: PositiveInt = 100, dims: PositiveInt = 5):
        self.kernels = kernels
        self.dims = dims

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:
        found = probe(NAME, discriminator, generator)
        heads = [call for call in found.discriminator if any(call.given is features for features in found.features)]
        heads = [call for call in heads if isinstance(call.module, nn.Linear)]  # dropout hands on what it is given
        if len(heads) != 1 or not isinstance(heads[0].module, nn.Linear):
            raise IncompatibleError(
                f"{NAME} widens the Linear layer that takes the discriminator's features, and "
                f"{type(discriminator).__name__} has none: use one such as mlp, or put the layer in by hand."
            )
        name, old = heads[0].name, heads[0].module
        if parametrize.is_parametrized(old):
            raise IncompatibleError(
                f"{NAME} comes too late for {name}: name it before the regularizer that changed that layer, or use "
                "a discriminator whose last layer is plain."
            )
        head = nn.Linear(old.in_features + self.kernels, old.out_features, bias=old.bias is not None).to(old.weight)
        with torch.no_grad():  # as it was, where it meets the features
            head.weight[:, : old.in_features] = old.weight
            if old.bias is not None:
                head.bias.copy_(old.bias)
        layer = Layer(old.in_features, self.kernels, self.dims).to(old.weight)
        discriminator.set_submodule(name, nn.Sequential(layer, head))
