"""Does a classifier that has seen only real images recognise what a run draws?

    python benchmarks/referee.py RUN [--per-class 620] [--classes 10] [--threads 2]

Trains the classifier of the extractor `referee` for six epochs on nine tenths of the dataset the run was
trained on, tests it on the last tenth, and lets it judge samples of the run. A conditional run is asked for
`--per-class` samples of each class, and agreement is the share that the referee reads as asked; an unconditional one
draws as many in all, and only the share of each class is told. `--classes N` keeps the first N classes only, so that
letters which look like digits do not count. Figures depend on the referee: compare only equal protocols.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import torch

import ganzoo
from ganzoo.config import instantiate
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run
from ganzoo_builtins.extractors.classifier import BATCH, Classifier, read, train

EPOCHS = 6


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
    whole = instantiate.dataset(run.recipe(plugins.zoo)).tensors()
    assert whole is not None, "the dataset does not fit in memory"
    classes = given.classes or model.spec.classes
    kept = whole["y"] < classes
    x, y = normalised(whole)["x"][kept], whole["y"][kept]
    torch.manual_seed(given.seed)
    order = torch.randperm(len(y))
    held, used = order[: len(y) // 10], order[len(y) // 10 :]
    net = Classifier(replace(model.spec, classes=classes))
    train(net, x[used], y[used], EPOCHS * (len(used) // BATCH))
    accuracy = (read(net, x[held]).argmax(1) == y[held]).float().mean()
    print(f"referee: {len(used):,} real images, {classes} classes, {accuracy:.4f} right on {len(held):,} held out")
    asked = torch.arange(classes).repeat_interleave(given.per_class)
    samples = model.sample(len(asked), asked if model.procedure.conditional else None, seed=given.seed)
    drawn = read(net, samples).argmax(1)
    shares = drawn.bincount(minlength=classes) / len(drawn)
    if model.procedure.conditional:
        right = (drawn == asked).float().view(classes, -1).mean(1)
        print(f"agreement: {right.mean():.4f} of {len(asked):,} samples, {run.latest.name}")
        print("by class:", " ".join(f"{model.class_names[k]}:{right[k]:.2f}" for k in range(classes)))
        real = torch.stack([x[y == k][:500].std(0).mean() for k in range(classes)])
        made = samples.view(classes, given.per_class, *model.spec.shape).std(1).flatten(1).mean(1)
        print(f"spread within a class: {made.mean():.3f}, of real images {real.mean():.3f} (mean pixel deviation)")
    print("shares:", " ".join(f"{model.class_names[k]}:{shares[k]:.3f}" for k in range(classes)))


if __name__ == "__main__":
    main()
