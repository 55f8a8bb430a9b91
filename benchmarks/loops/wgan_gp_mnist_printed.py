"""Reference loop of the recipe wgan_gp_mnist_printed: the WGAN-GP, written by hand and tuned for speed.

    python benchmarks/loops/wgan_gp_mnist_printed.py --root DATA [--steps 100] [--warmup 10] [--threads 1]

All images are one uint8 tensor, Adam is fused, only the necessary gradients are computed, and values are copied from
the device only every --log steps. The networks are those of gan_mnist_printed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parent)]
from gan_mnist_printed import discriminator, generator

import protocol

CRITIC_MOVES = 5


class Loop:
    """Both networks and their optimizers; step() trains the critic on each of several batches, then the generator."""

    def __init__(self, x: Tensor, ema: float = 0.0):
        self.x = x.flatten(1)  # (60000, 784) uint8
        self.G = generator()
        self.D = discriminator()
        self.g_parameters = list(self.G.parameters())
        self.d_parameters = list(self.D.parameters())
        self.g_optimizer = torch.optim.Adam(self.g_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.d_optimizer = torch.optim.Adam(self.d_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.average = protocol.Average(self.G, ema)

    def step(self, indices: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Train one step, and return the last losses of critic and generator as tensors on the device."""
        for index in indices:
            real = self.x.index_select(0, index).float().div_(127.5).sub_(1)  # (N, 784) in [-1, 1]
            with torch.no_grad():
                fake = self.G(torch.randn(len(index), 100))
            distance = self.D(fake).mean() - self.D(real).mean()
            epsilon = torch.rand(len(index), 1)
            between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
            (gradient,) = torch.autograd.grad(self.D(between).sum(), between, create_graph=True)
            d_loss = distance + 10 * (torch.linalg.vector_norm(gradient, dim=1) - 1).square().mean()
            d_loss.backward(inputs=self.d_parameters)
            self.d_optimizer.step()
            self.d_optimizer.zero_grad()
        g_loss = -self.D(self.G(torch.randn(len(index), 100))).mean()
        g_loss.backward(inputs=self.g_parameters)
        self.g_optimizer.step()
        self.g_optimizer.zero_grad()
        self.average.update()
        return d_loss.detach(), g_loss.detach()


def main() -> None:
    chosen = protocol.options()
    protocol.keep_freed_memory()
    loop = Loop(protocol.images(chosen.root), chosen.ema)
    order = protocol.orders(len(loop.x), chosen.batch_size, chosen.seed)

    def step(t: int) -> None:
        losses = loop.step([next(order) for _ in range(CRITIC_MOVES)])
        if (t + 1) % chosen.log == 0:
            torch.stack(losses).tolist()

    protocol.report(step, chosen, CRITIC_MOVES, [loop.G, loop.D])


if __name__ == "__main__":
    main()
