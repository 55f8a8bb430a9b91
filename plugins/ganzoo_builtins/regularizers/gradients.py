"""Gradients of a critic at each sample, for gradient penalties."""

import torch
from torch import Tensor

from ganzoo import Critic


def gradients(critic: Critic, x: Tensor) -> Tensor:
    """Return the gradient of critic(x_i) for each sample x_i, (N, *shape) -> (N, size), differentiable.

    The gradient of the summed output consists of the samples' gradients, as long as the critic does not mix samples. It
    is computed in float32 (or float64) whatever the precision of the run, since the second derivative needs the digits.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.detach().to(torch.promote_types(x.dtype, torch.float32)).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def gradient_norms(critic: Critic, x: Tensor) -> Tensor:
    """Return the Euclidean norm of each sample's gradient over all its dimensions, (N, *shape) -> (N,).

    The derivative of the norm is zero where the gradient is zero; the square root of a sum of squares would have NaN.
    """
    return torch.linalg.vector_norm(gradients(critic, x), dim=1)
