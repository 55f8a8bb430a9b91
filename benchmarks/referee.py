"""Judge the samples of a run with a classifier that was trained on real images only.

    python benchmarks/referee.py RUN [--per-class 620] [--classes 10] [--threads 2]

Trains the classifier of the extractor `referee` for six epochs on nine tenths of the run's dataset, tests it on the
last tenth, and classifies samples of the run. A conditional run generates `--per-class` samples of each class; the
agreement is the fraction whose predicted class is the requested one. An unconditional run generates as many samples
in total, and only the fraction of each class is printed. `--classes N` uses the first N classes only, for example to
exclude letters that look like digits. The figures depend on the classifier: compare only equal protocols.
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
from ganzoo_builtins.extractors.classifier import BATCH, Classifier, apply_in_chunks, train

EPOCHS = 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--per-class", type=int, default=620)
    parser.add_argument("--classes", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    plugins = discovery.load()
    run = Run.open(options.run)
    model = ganzoo.load(run, plugins)
    whole = instantiate.dataset(run.recipe(plugins.zoo)).tensors()
    assert whole is not None, "the dataset does not fit in memory"
    classes = options.classes or model.spec.classes
    in_classes = whole["y"] < classes
    x, y = normalised(whole)["x"][in_classes], whole["y"][in_classes]
    torch.manual_seed(options.seed)
    order = torch.randperm(len(y))
    test, training = order[: len(y) // 10], order[len(y) // 10 :]
    net = Classifier(replace(model.spec, classes=classes))
    train(net, x[training], y[training], EPOCHS * (len(training) // BATCH))
    accuracy = (apply_in_chunks(net, x[test]).argmax(1) == y[test]).float().mean()
    print(f"referee: {len(training):,} real images, {classes} classes, {accuracy:.4f} right on {len(test):,} held out")
    requested = torch.arange(classes).repeat_interleave(options.per_class)
    samples = model.sample(len(requested), requested if model.procedure.conditional else None, seed=options.seed)
    predicted = apply_in_chunks(net, samples).argmax(1)
    shares = predicted.bincount(minlength=classes) / len(predicted)
    if model.procedure.conditional:
        right = (predicted == requested).float().view(classes, -1).mean(1)
        print(f"agreement: {right.mean():.4f} of {len(requested):,} samples, {run.latest.name}")
        print("by class:", " ".join(f"{model.class_names[k]}:{right[k]:.2f}" for k in range(classes)))
        real = torch.stack([x[y == k][:500].std(0).mean() for k in range(classes)])
        fake = samples.view(classes, options.per_class, *model.spec.shape).std(1).flatten(1).mean(1)
        print(f"spread within a class: {fake.mean():.3f}, of real images {real.mean():.3f} (mean pixel deviation)")
    print("shares:", " ".join(f"{model.class_names[k]}:{shares[k]:.3f}" for k in range(classes)))


if __name__ == "__main__":
    main()
