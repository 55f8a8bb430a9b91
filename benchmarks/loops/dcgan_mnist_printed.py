"""Reference loop of the recipe dcgan_mnist_printed: the DCGAN, written by hand and tuned for speed.

    python benchmarks/loops/dcgan_mnist_printed.py --root DATA [--steps 60] [--warmup 10] [--threads 1]

All images are one uint8 tensor, Adam is fused, the discriminator sees each batch of fakes once for both losses, values
are copied from the device only every --log steps, the memory format is channels-last, and nearest-neighbour upsampling
with the following 3x3 convolution is computed as one transposed 4x4 convolution.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, conv_transpose2d, softplus

sys.path.append(str(Path(__file__).parents[1]))
import protocol


class DoublingConv2d(nn.Conv2d):
    """A 3x3 convolution after nearest-neighbour upsampling, computed as one transposed 4x4 convolution."""

    def forward(self, x: Tensor) -> Tensor:
        w = self.weight.transpose(0, 1)  # (in, out, 3, 3)
        rows = torch.stack([w[:, :, 2], w[:, :, 1] + w[:, :, 2], w[:, :, 0] + w[:, :, 1], w[:, :, 0]], dim=2)
        kernel = torch.stack(
            [rows[..., 2], rows[..., 1] + rows[..., 2], rows[..., 0] + rows[..., 1], rows[..., 0]], dim=3
        )  # (in, out, 4, 4)
        return conv_transpose2d(x, kernel, self.bias, stride=2, padding=1)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(100, 128 * 8 * 8)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(128),
            DoublingConv2d(128, 128, 3), nn.BatchNorm2d(128, eps=0.8), nn.ReLU(),
            DoublingConv2d(128, 64, 3), nn.BatchNorm2d(64, eps=0.8), nn.ReLU(),
            nn.Conv2d(64, 1, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        x = self.project(z).view(-1, 128, 8, 8)
        return self.layers(x.contiguous(memory_format=torch.channels_last))


class Discriminator(nn.Module):
    def __init__(self, dropout: float = 0.25) -> None:
        super().__init__()

        def block(n_in: int, n_out: int) -> list[nn.Module]:
            return [nn.Conv2d(n_in, n_out, 3, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Dropout2d(dropout)]

        self.layers = nn.Sequential(
            *block(1, 16),
            *block(16, 32), nn.BatchNorm2d(32, eps=0.8),
            *block(32, 64), nn.BatchNorm2d(64, eps=0.8),
            *block(64, 128), nn.BatchNorm2d(128, eps=0.8),
            nn.Flatten(), nn.Linear(128 * 2 * 2, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).squeeze(1)


def initialise(module: nn.Module) -> None:
    """Initialise as DCGAN does: convolutions from N(0, 0.02), batch norms from N(1, 0.02)."""
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


class Loop:
    """Both networks and their optimizers; step() trains both on the real images at `index`."""

    def __init__(self, x: Tensor, ema: float = 0.0):
        self.x = x  # (60000, 1, 32, 32) uint8
        self.G = Generator().apply(initialise).to(memory_format=torch.channels_last)
        self.D = Discriminator().apply(initialise).to(memory_format=torch.channels_last)
        self.g_parameters = list(self.G.parameters())
        self.d_parameters = list(self.D.parameters())
        self.g_optimizer = torch.optim.Adam(self.g_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.d_optimizer = torch.optim.Adam(self.d_parameters, lr=2e-4, betas=(0.5, 0.999), fused=True)
        self.average = protocol.Average(self.G, ema)

    def step(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """Train one step, and return the losses of discriminator and generator as tensors on the device."""
        real = self.x.index_select(0, index).float().div_(127.5).sub_(1)  # (N, 1, 32, 32) in [-1, 1]
        fake = self.G(torch.randn(len(index), 100))
        real_logits, fake_logits = self.D(real), self.D(fake)
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
    loop = Loop(protocol.images(chosen.root, 32), chosen.ema)
    order = protocol.orders(len(loop.x), chosen.batch_size, chosen.seed)

    def step(t: int) -> None:
        losses = loop.step(next(order))
        if (t + 1) % chosen.log == 0:
            torch.stack(losses).tolist()

    protocol.report(step, chosen, 1, [loop.G, loop.D])


if __name__ == "__main__":
    main()
