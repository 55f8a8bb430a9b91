"""Reference loop of the recipe gan_mnist_printed: the MLP GAN, written by hand and tuned for speed.

    python benchmarks/loops/gan_mnist_printed.py --root DATA [--steps 500] [--warmup 50] [--batch-size 64] [--threads 1]

All images are one uint8 tensor, Adam is fused, the discriminator sees each batch of fakes once for both losses, and
values are copied from the device only every --log steps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, softplus

sys.path.append(str(Path(__file__).parents[1]))
import protocol


def generator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(100, 128), nn.LeakyReLU(0.2),
        nn.Linear(128, 256), nn.BatchNorm1d(256, eps=0.8), nn.LeakyReLU(0.2),
        nn.Linear(256, 512), nn.BatchNorm1d(512, eps=0.8), nn.LeakyReLU(0.2),
        nn.Linear(512, 1024), nn.BatchNorm1d(1024, eps=0.8), nn.LeakyReLU(0.2),
        nn.Linear(1024, 784), nn.Tanh(),
    )  # fmt: skip


def discriminator() -> nn.Module:
    return nn.Sequential(
        nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Linear(256, 1)
    )


class Loop:
    """Both networks and their optimizers; step() trains both on the real images at `index`."""

    def __init__(self, x: Tensor, ema: float = 0.0):
        self.x = x.flatten(1)  # (60000, 784) uint8
        self.G = generator()
        self.D = discriminator()
        self.g_parameters = list(self.G.parameters())
        self.d_parameters = list(self.D.parameters())
        self.g_optimizer = torch.optim.Adam(self.g_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.d_optimizer = torch.optim.Adam(self.d_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.average = protocol.Average(self.G, ema)

    def step(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Train one step, and return the losses of discriminator and generator as tensors on the device."""
        real = self.x.index_select(0, index).float().div_(127.5).sub_(1)  # (N, 784) in [-1, 1]
        fake = self.G(torch.randn(len(index), 100))
        real_logits, fake_logits = self.D(real).squeeze(1), self.D(fake).squeeze(1)
        ones = torch.ones_like(real_logits)
        d_loss = 0.5 * (binary_cross_entropy_with_logits(real_logits, ones) + softplus(fake_logits).mean())
        g_loss = softplus(-fake_logits).mean()
        d_loss.backward(inputs=self.d_parameters, retain_graph=True)
        g_loss.backward(inputs=self.g_parameters)
        self.d_optimizer.step()
        self.g_optimizer.step()
        self.d_optimizer.zero_grad()
        self.g_optimizer.zero_grad()
        self.average.update()
        return d_loss.detach(), g_loss.detach()


def main() -> None:
    chosen = protocol.options()
    protocol.keep_freed_memory()
    loop = Loop(protocol.images(chosen.root), chosen.ema)
    order = protocol.orders(len(loop.x), chosen.batch_size, chosen.seed)

    def step(t: int) -> None:
        losses = loop.step(next(order))
        if (t + 1) % chosen.log == 0:
            torch.stack(losses).tolist()

    protocol.report(step, chosen, 1, [loop.G, loop.D])


if __name__ == "__main__":
    main()
