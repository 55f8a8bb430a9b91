"""Does a classifier that has seen only real images recognise what a run draws?

    python benchmarks/referee.py RUN [--per-class 620] [--classes 10] [--threads 2]

Trains a small CNN (two convolutions, one hidden layer of 128) for six epochs on nine tenths of the dataset the run was
trained on, tests it on the last tenth, and lets it judge samples of the run. A conditional run is asked for
`--per-class` samples of each class, and agreement is the share that the referee reads as asked; an unconditional one
draws as many in all, and only the share of each class is told. `--classes N` keeps the first N classes only, so that
letters which look like digits do not count. Figures depend on the referee: compare only equal protocols.
"""

from __future__ import annotations

import argparse

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import ganzoo
from ganzoo import build, discovery
from ganzoo.data import normalised
from ganzoo.run import Run

EPOCHS, BATCH = 6, 128


def referee(spec: ganzoo.Spec, classes: int) -> nn.Module:
    channels, height, width = spec.shape
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(64 * (height // 4) * (width // 4), 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, classes),
    )  # fmt: skip


def train(net: nn.Module, x: Tensor, y: Tensor) -> None:
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    steps = EPOCHS * (len(y) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    net.train()
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(y)).split(BATCH)[: len(y) // BATCH]:
            optimizer.zero_grad()
            F.cross_entropy(net(normalised({"x": x[chosen]})["x"]), y[chosen]).backward()
            optimizer.step()
            schedule.step()
    net.eval()


@torch.no_grad()
def read(net: nn.Module, x: Tensor) -> Tensor:
    return torch.cat([net(normalised({"x": part})["x"]).argmax(1) for part in x.split(500)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--per-class", type=int, default=620)
    parser.add_argument("--classes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    plugins, run = discovery.load(), Run.open(given.run)
    model = ganzoo.load(run, plugins)
    whole = build.dataset(run.recipe(plugins.zoo)).tensors()
    assert whole is not None, "the dataset does not fit in memory"
    classes = given.classes or model.spec.classes
    kept = whole["y"] < classes
    x, y = whole["x"][kept], whole["y"][kept]
    torch.manual_seed(given.seed)
    order = torch.randperm(len(y))
    held, used = order[: len(y) // 10], order[len(y) // 10 :]
    net = referee(model.spec, classes)
    train(net, x[used], y[used])
    accuracy = (read(net, x[held]) == y[held]).float().mean()
    print(f"referee: {len(used):,} real images, {classes} classes, {accuracy:.4f} right on {len(held):,} held out")
    asked = torch.arange(classes).repeat_interleave(given.per_class)
    samples = model.sample(len(asked), asked if model.procedure.conditional else None, seed=given.seed)
    drawn = torch.cat([net(part).detach().argmax(1) for part in samples.split(500)])
    shares = drawn.bincount(minlength=classes) / len(drawn)
    if model.procedure.conditional:
        right = (drawn == asked).float().view(classes, -1).mean(1)
        print(f"agreement: {right.mean():.4f} of {len(asked):,} samples, {run.latest.name}")
        print("by class:", " ".join(f"{model.class_names[k]}:{right[k]:.2f}" for k in range(classes)))
        real = torch.stack([normalised({"x": x[y == k][:500]})["x"].std(0).mean() for k in range(classes)])
        made = samples.view(classes, given.per_class, *model.spec.shape).std(1).flatten(1).mean(1)
        print(f"spread within a class: {made.mean():.3f}, of real images {real.mean():.3f} (mean pixel deviation)")
    print("shares:", " ".join(f"{model.class_names[k]}:{shares[k]:.3f}" for k in range(classes)))


if __name__ == "__main__":
    main()
