"""Judge the samples of a run with classifiers that were trained on real images only.

    python benchmarks/referee.py RUN [--per-class 620] [--classes 10] [--threads 2]

Trains the extractor `referee` on nine tenths of the run's dataset (at most 30,000 images), tests it on the last tenth
(at most 5,000), and classifies samples of the run. A conditional run generates `--per-class` samples of each class; the
agreement is the fraction that is read as the requested one: by both classifiers, and near real images. It is also
printed for each classifier. An unconditional run generates as many samples in total, and only the fraction of each
class is printed. `--classes N` uses the first N classes only, for example to exclude letters that look like digits. The
figures depend on the referee: compare only equal protocols.
"""

from __future__ import annotations

import argparse

import torch

import ganzoo
from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run
from ganzoo_builtins.extractors.classifier import ARCHITECTURES
from judges.classes import trained


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
    data = instantiate.dataset(run.recipe(plugins.zoo))
    classes = options.classes or model.spec.classes
    requested = torch.arange(classes).repeat_interleave(options.per_class)
    conditional = model.procedure.conditional
    samples = model.sample(len(requested), requested if conditional else None, seed=options.seed)
    for networks in (*((network,) for network in ARCHITECTURES), ARCHITECTURES):
        referee = trained(data, options.classes or 0, networks, options.seed)
        features = referee.features(samples)
        read = referee.classes(features, referee.logits(samples))
        print(f"{' and '.join(networks)} {referee.digest[:12]}: {referee.accuracy:.4f} right on held-out images")
        if conditional:
            right = (read == requested).float().view(classes, -1).mean(1)
            print(f"  agreement: {right.mean():.4f} of {len(requested):,} samples, {run.latest.name}")
            print("  by class:", " ".join(f"{model.class_names[k]}:{right[k]:.2f}" for k in range(classes)))
    shares = read[read >= 0].bincount(minlength=classes) / len(read)
    print("shares:", " ".join(f"{model.class_names[k]}:{shares[k]:.3f}" for k in range(classes)))
    print(f"read as none: {(read < 0).float().mean():.3f}")


if __name__ == "__main__":
    main()
