"""Reference script of the recipe cgan_mnist_printed: the conditional GAN in the usual tutorial style.

The data loader transforms one image at a time, and every step prints its losses.

    python benchmarks/scripts/cgan_mnist_printed.py --root DATA [--steps 200] [--warmup 20] [--batch-size 64]
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


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.label = nn.Embedding(10, 10)
        self.model = nn.Sequential(
            nn.Linear(110, 128), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(128, 256), nn.BatchNorm1d(256, 0.8), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(256, 512), nn.BatchNorm1d(512, 0.8), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 1024), nn.BatchNorm1d(1024, 0.8), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(1024, 784), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        return self.model(torch.cat((self.label(y), z), -1)).view(len(z), 1, 28, 28)


class Discriminator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.label = nn.Embedding(10, 10)
        self.model = nn.Sequential(
            nn.Linear(794, 512), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 512), nn.Dropout(0.4), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 512), nn.Dropout(0.4), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(512, 1),
        )  # fmt: skip

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.model(torch.cat((x.view(len(x), -1), self.label(y)), -1))


generator, discriminator, loss = Generator(), Discriminator(), nn.MSELoss()
optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
loader = DataLoader(
    datasets.MNIST(str(chosen.root), train=True, transform=prepare),
    batch_size=chosen.batch_size, shuffle=True, drop_last=True,
)  # fmt: skip
batches = protocol.endless(loader)


def step(t: int) -> None:
    real, labels = next(batches)
    valid, fake = torch.ones(len(real), 1), torch.zeros(len(real), 1)

    asked = torch.randint(10, (len(real),))

    optimizer_g.zero_grad()
    generated = generator(torch.randn(len(real), 100), asked)
    g_loss = loss(discriminator(generated, asked), valid)
    g_loss.backward()
    optimizer_g.step()

    optimizer_d.zero_grad()
    real_loss = loss(discriminator(real, labels), valid)
    d_loss = (real_loss + loss(discriminator(generated.detach(), asked), fake)) / 2
    d_loss.backward()
    optimizer_d.step()

    print(f"[step {t}] [D loss: {d_loss.item():f}] [G loss: {g_loss.item():f}]", file=sys.stderr)


protocol.report(step, chosen, 1, [generator, discriminator])
