"""Virtual batch normalisation, Salimans et al. 2016 (arXiv:1606.03498), section 3.5, for any generator."""

from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo import Generator, IncompatibleError, Regularizer
from ganzoo_builtins.layers.virtual_batch_norm import VirtualBatchNorm as Layer

NAME = "regularizer virtual_batch_norm"


class Reference(nn.Module):
    """Fixed noise z (R, z_dim), run through a generator in front of every batch and cut off behind it."""

    z: Tensor

    def __init__(self, z: Tensor):
        super().__init__()
        self.register_buffer("z", z)

    def put_before(self, network: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        z, *others = given
        return (torch.cat([self.z, z]), *others)  # (N, z_dim) -> (R + N, z_dim)

    def cut_off(self, network: nn.Module, given: Any, made: Tensor) -> Tensor:
        return made[len(self.z) :]  # (R + N, *shape) -> (N, *shape)


class VirtualBatchNorm(Regularizer):
    """Virtual batch norm in the place of all of the generator's batch norm: no sample depends on its neighbours.

    The reference is noise, drawn once. It goes through the generator with every batch, which costs as much as that many
    more samples. In evaluation mode nothing is different. For generators without labels.

    reference: samples in the reference batch; the paper takes as many as in a batch.
    """

    def __init__(self, reference: PositiveInt = 64):
        self.reference = reference

    def attach(self, discriminator: nn.Module, generator: nn.Module) -> None:
        old = {name: module for name, module in generator.named_modules() if isinstance(module, _BatchNorm)}
        if not isinstance(generator, Generator) or not generator.z_dim or generator.conditional:
            raise IncompatibleError(
                f"{NAME} needs a generator that makes samples of noise alone: use one without labels."
            )
        if not old:
            raise IncompatibleError(
                f"{NAME} replaces batch norm, and {type(generator).__name__} has none: leave it out."
            )
        for name, norm in old.items():
            layer = Layer(norm.num_features, self.reference, norm.eps, norm.affine)
            if norm.affine:
                layer.weight = norm.weight
                layer.bias = norm.bias
            generator.set_submodule(name, layer)
        reference = Reference(generator.prior(self.reference))
        generator.reference = reference
        generator.register_forward_pre_hook(reference.put_before)
        generator.register_forward_hook(reference.cut_off)
