"""Path length regularization of StyleGAN2, Karras et al. 2020 (arXiv:1912.04958), section 3.2, equation (4)."""

from __future__ import annotations

import math
from typing import Annotated, Any, Protocol, runtime_checkable

import torch
from pydantic import Field, NonNegativeFloat, PositiveInt
from torch import Tensor, nn

from ganzoo import Comparison, IncompatibleError, Regularizer, Spec, Terms


@runtime_checkable
class Styled(Protocol):
    """A generator in two parts, as StyleGAN2's: z -> the style of each layer -> x."""

    def styles_of(self, z: Tensor, y: Tensor | None = None) -> Tensor: ...

    def synthesis(self, styles: Tensor) -> Tensor: ...


class PathLength(Regularizer, nn.Module):
    """Term weight * E (|J^T y| - a)^2 for the generator: steps in w of one length change the image by one length.

    J is the Jacobian of the image in w, y are images of normal noise, and a is the running mean of |J^T y|. A generator
    in two methods has styles: `styles_of(z, y)`, (N, z_dim) -> (N, L, w_dim), and `synthesis(styles)`; |J^T y| is then
    the root of the mean over its L layers. Of any other generator, z is in the place of w.

    Args:
        weight: Weight of the term, 2 in the authors' code. For images of side r and L layers, this is the paper's gamma
            of ln 2 / (r^2 (ln r - ln 2)), since noise is divided here by the root of the number of pixels.
        decay: Decay of the running mean, 0.99 in the paper.
        shrink: The term is of one in so many samples of the batch, 2 in the authors' code.
        every: Steps from one computation of the term to the next; it is multiplied by as many. 4 in the paper's code.
    """

    mean_length: Tensor

    def __init__(
        self,
        weight: NonNegativeFloat = 2.0,
        decay: Annotated[float, Field(ge=0, lt=1)] = 0.99,
        shrink: PositiveInt = 2,
        every: PositiveInt = 1,
    ):
        super().__init__()
        self.weight = weight
        self.decay = decay
        self.shrink = shrink
        self.every = every
        self.register_buffer("mean_length", torch.zeros(()))  # the paper's a

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        if spec.vocab or not getattr(generator, "z_dim", 0):
            raise IncompatibleError(
                "regularizer path_length follows the samples from a latent code, and this generator "
                f"{'makes token ids' if spec.vocab else 'translates and has none'}: leave it out."
            )

    def generator_terms(self, comparison: Comparison) -> Terms:
        n = max(1, len(comparison.fake) // self.shrink)
        y = None if comparison.fake_labels is None else comparison.fake_labels[:n]
        generator: Any = comparison.generator
        z = generator.prior(n) if comparison.source is None else comparison.source[:n]  # (n, z_dim)
        lengths = path_lengths(generator, z, y)  # (n,)
        with torch.no_grad():
            self.mean_length.lerp_(comparison.over_processes(lengths.mean()), 1 - self.decay)
        return {"path_length": self.weight * (lengths - self.mean_length).square().mean()}


def path_lengths(generator: nn.Module, z: Tensor, y: Tensor | None = None) -> Tensor:
    """Return |J^T y| of each sample for noise y of its own, differentiable.

    Args:
        generator: The generator.
        z: Codes (N, z_dim).
        y: Labels (N,), or None.

    Returns:
        Lengths (N,).
    """
    with torch.autocast(z.device.type, enabled=False):  # the second derivative needs the digits
        z = z.float().detach().requires_grad_()
        if isinstance(generator, Styled):
            w = generator.styles_of(z, y)  # (N, z_dim) -> (N, L, w_dim)
            x = generator.synthesis(w)  # -> (N, C, H, W)
        else:
            w = z
            x = generator(w, y)
        noise = torch.randn(x.shape, device=x.device) / math.sqrt(x[0, 0].numel())  # by the root of H * W
        (gradient,) = torch.autograd.grad((x * noise).sum(), w, create_graph=True)  # J^T y, (N, L, w_dim)
    squares = gradient.square().sum(-1)  # (N, L), or (N,)
    return (squares.flatten(1).mean(1) if squares.dim() > 1 else squares).add(1e-12).sqrt()
