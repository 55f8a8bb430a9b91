"""Virtual batch normalisation, Salimans et al. 2016 (arXiv:1606.03498), section 3.5, for any generator."""

from typing import Any

import torch
from pydantic import PositiveInt
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ganzoo import Generator, IncompatibleError, Regularizer, Spec
from ganzoo_builtins.layers.virtual_batch_norm import VirtualBatchNorm as Layer

NAME = "regularizer virtual_batch_norm"


class Reference(nn.Module):
    """Fixed noise that passes through a generator in front of every batch, and is removed from its output.

    Args:
        z: Noise (R, z_dim).
    """

    z: Tensor

    def __init__(self, z: Tensor):
        super().__init__()
        self.register_buffer("z", z)

    def prepend(self, network: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        z, *others = args
        return (torch.cat([self.z, z]), *others)  # (N, z_dim) -> (R + N, z_dim)

    def remove(self, network: nn.Module, args: Any, output: Tensor) -> Tensor:
        return output[len(self.z) :]  # (R + N, *shape) -> (N, *shape)


class VirtualBatchNorm(Regularizer):
    """Replaces the generator's batch norm by virtual batch norm, so that no sample depends on others of its batch.

    The reference batch is noise, drawn once. It passes through the generator with every batch, which costs as much as
    that many more samples. Training and evaluation mode do the same. For generators without labels.

    Args:
        reference: Number of samples in the reference batch; the batch size in the paper.
    """

    def __init__(self, reference: PositiveInt = 64):
        self.reference = reference

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        norms = {name: module for name, module in generator.named_modules() if isinstance(module, _BatchNorm)}
        if not isinstance(generator, Generator) or not generator.z_dim or generator.conditional:
            raise IncompatibleError(f"{NAME} needs a generator that takes only noise: use one without labels.")
        if not norms:
            raise IncompatibleError(
                f"{NAME} replaces batch norm, and {type(generator).__name__} has none: leave it out."
            )
        for name, norm in norms.items():
            layer = Layer(norm.num_features, self.reference, norm.eps, norm.affine)
            if norm.affine:
                layer.weight = norm.weight
                layer.bias = norm.bias
            generator.set_submodule(name, layer)
        reference = Reference(generator.prior(self.reference))
        generator.reference = reference
        generator.register_forward_pre_hook(reference.prepend)
        generator.register_forward_hook(reference.remove)
