"""Reference loop of the recipe cgan_mnist_printed: the conditional GAN, written by hand and tuned for speed.

    python benchmarks/loops/cgan_mnist_printed.py --root DATA [--steps 500] [--warmup 50] [--batch-size 64]

Images and labels are one tensor each, Adam is fused, fakes are generated once for both players, and values are copied
from the device only every --log steps.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

sys.path.append(str(Path(__file__).parents[1]))
import protocol


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 10)
        self.layers = nn.Sequential(
            nn.Linear(110, 128), nn.LeakyReLU(0.2),
            nn.Linear(128, 256), nn.BatchNorm1d(256, 0.8), nn.LeakyReLU(0.2),
            nn.Linear(256, 512), nn.BatchNorm1d(512, 0.8), nn.LeakyReLU(0.2),
            nn.Linear(512, 1024), nn.BatchNorm1d(1024, 0.8), nn.LeakyReLU(0.2),
            nn.Linear(1024, 784), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.layers(torch.cat([self.embedding(y), z], dim=1))


class Discriminator(nn.Module):
    def __init__(self, dropout: float = 0.4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 10)
        self.layers = nn.Sequential(
            nn.Linear(794, 512), nn.LeakyReLU(0.2),
            nn.Linear(512, 512), nn.Dropout(dropout), nn.LeakyReLU(0.2),
            nn.Linear(512, 512), nn.Dropout(dropout), nn.LeakyReLU(0.2),
            nn.Linear(512, 1),
        )  # fmt: skip

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.layers(torch.cat([x, self.embedding(y)], dim=1)).squeeze(1)


class Loop:
    """Both networks and their optimizers; step() trains both on the real images and labels at `index`."""

    def __init__(self, x: Tensor, y: Tensor, ema: float = 0.0):
        self.x = x.flatten(1)  # (60000, 784) uint8
        self.y = y  # (60000,)
        self.G = Generator()
        self.D = Discriminator()
        self.g_parameters = list(self.G.parameters())
        self.d_parameters = list(self.D.parameters())
        self.g_optimizer = torch.optim.Adam(self.g_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.d_optimizer = torch.optim.Adam(self.d_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.average = protocol.Average(self.G, ema)

    def step(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Train one step, and return the losses of discriminator and generator as tensors on the device."""
        real = self.x.index_select(0, index).float().div_(127.5).sub_(1)  # (N, 784) in [-1, 1]
        y = self.y.index_select(0, index)  # (N,)
        z = torch.randn(len(index), 100)
        fake_y = torch.randint_like(y, 10)
        fake = self.G(z, fake_y)
        g_loss = (self.D(fake, fake_y) - 1).square().mean()
        g_loss.backward(inputs=self.g_parameters)
        self.g_optimizer.step()
        self.g_optimizer.zero_grad()
        real_logits, fake_logits = self.D(real, y), self.D(fake.detach(), fake_y)
        d_loss = 0.5 * ((real_logits - 1).square().mean() + fake_logits.square().mean())
        d_loss.backward(inputs=self.d_parameters)
        self.d_optimizer.step()
        self.d_optimizer.zero_grad()
        self.average.update()
        return d_loss.detach(), g_loss.detach()


def main() -> None:
    chosen = protocol.options()
    protocol.keep_freed_memory()
    loop = Loop(protocol.images(chosen.root), protocol.labels(chosen.root), chosen.ema)
    order = protocol.orders(len(loop.x), chosen.batch_size, chosen.seed)

    def step(t: int) -> None:
        losses = loop.step(next(order))
        if (t + 1) % chosen.log == 0:
            torch.stack(losses).tolist()

    protocol.report(step, chosen, 1, [loop.G, loop.D])


if __name__ == "__main__":
    main()
