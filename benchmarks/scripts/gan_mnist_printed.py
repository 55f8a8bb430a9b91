"""Reference script of the recipe gan_mnist_printed: the MLP GAN in the usual tutorial style.

The data loader transforms one image at a time, and every step prints its losses.

    python benchmarks/scripts/gan_mnist_printed.py --root DATA [--steps 200] [--warmup 20] [--batch-size 64]
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

sys.path.append(str(Path(__file__).parents[1]))
import protocol

chosen = protocol.options()


def block(n_in: int, n_out: int) -> list[nn.Module]:
    return [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out, 0.8), nn.LeakyReLU(0.2, inplace=True)]


generator = nn.Sequential(
    nn.Linear(100, 128), nn.LeakyReLU(0.2, inplace=True),
    *block(128, 256), *block(256, 512), *block(512, 1024),
    nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)),
)  # fmt: skip
discriminator = nn.Sequential(
    nn.Flatten(),
    nn.Linear(784, 512), nn.LeakyReLU(0.2, inplace=True),
    nn.Linear(512, 256), nn.LeakyReLU(0.2, inplace=True),
    nn.Linear(256, 1), nn.Sigmoid(),
)  # fmt: skip
loss = nn.BCELoss()
optimizer_g = torch.optim.Adam(generator.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizer_d = torch.optim.Adam(discriminator.parameters(), lr=2e-4, betas=(0.5, 0.999))
prepare = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5], [0.5])])
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
