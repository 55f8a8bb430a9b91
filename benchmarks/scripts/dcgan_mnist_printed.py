"""Reference script of the recipe dcgan_mnist_printed: the DCGAN in the usual tutorial style.

The data loader transforms one image at a time, and every step prints its losses.

    python benchmarks/scripts/dcgan_mnist_printed.py --root DATA [--steps 20] [--warmup 3] [--threads 1]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.append(str(Path(__file__).parents[1]))
import protocol

chosen = protocol.options()


def initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.constant_(module.bias, 0.0)


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(100, 128 * 8 * 8)
        self.layers = nn.Sequential(
            nn.BatchNorm2d(128),
            nn.Upsample(scale_factor=2), nn.Conv2d(128, 128, 3, padding=1),
            nn.BatchNorm2d(128, 0.8), nn.ReLU(inplace=True),
            nn.Upsample(scale_factor=2), nn.Conv2d(128, 64, 3, padding=1),
            nn.BatchNorm2d(64, 0.8), nn.ReLU(inplace=True),
            nn.Conv2d(64, 1, 3, padding=1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(self.project(z).view(len(z), 128, 8, 8))


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()

        def block(n_in: int, n_out: int) -> list[nn.Module]:
            layers = [nn.Conv2d(n_in, n_out, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Dropout2d(0.25)]
            return [*layers, nn.BatchNorm2d(n_out, 0.8)] if n_in > 1 else layers

        self.layers = nn.Sequential(*block(1, 16), *block(16, 32), *block(32, 64), *block(64, 128))
        self.head = nn.Sequential(nn.Linear(128 * 2 * 2, 1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x).view(len(x), -1))


generator, discriminator, loss = Generator().apply(initialise), Discriminator().apply(initialise), nn.BCELoss()
optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
prepare = transforms.Compose([transforms.Resize(32), transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
loader = DataLoader(
    datasets.MNIST(str(chosen.root), train=True, transform=prepare),
    batch_size=chosen.batch_size, shuffle=True, drop_last=True,
)  # fmt: skip
batches = protocol.endless(loader)


def step(t: int) -> None:
    real, _ = next(batches)
    valid, fake = torch.ones(len(real), 1), torch.zeros(len(real), 1)

    optimizer_g.zero_grad()
    generated = generator(torch.randn(len(real), 100))
    g_loss = loss(discriminator(generated), valid)
    g_loss.backward()
    optimizer_g.step()

    optimizer_d.zero_grad()
    d_loss = (loss(discriminator(real), valid) + loss(discriminator(generated.detach()), fake)) / 2
    d_loss.backward()
    optimizer_d.step()

    print(f"[step {t}] [D loss: {d_loss.item():f}] [G loss: {g_loss.item():f}]", file=sys.stderr)


protocol.report(step, chosen, 1, [generator, discriminator])
