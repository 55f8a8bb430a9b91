"""The gradient of a critic at each sample, which every gradient penalty starts from."""

import torch
from torch import Tensor

from ganzoo import Critic


def gradients(critic: Critic, x: Tensor) -> Tensor:
    """D critic(x_i) / d x_i for each sample, (N, *shape) -> (N, size), itself differentiable.

    The gradient of the summed output holds every sample's own, as long as the critic does not mix samples. It is taken
    in float32 (float64 stays) whatever the precision of the run: the second derivative needs the digits.
    """
    with torch.autocast(x.device.type, enabled=False):
        x = x.detach().to(torch.promote_types(x.dtype, torch.float32)).requires_grad_()
        (gradient,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    return gradient.flatten(1)


def gradient_norms(critic: Critic, x: Tensor) -> Tensor:
    """Euclidean norm of each sample's gradient over all its dimensions, (N, *shape) -> (N,).

    Where the gradient is zero, so is the derivative of the norm; a square root of a sum would give nan there.
    """
    return torch.linalg.vector_norm(gradients(critic, x), dim=1)
