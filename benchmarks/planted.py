"""Show what the referee reads of real samples that were damaged on purpose.

    python benchmarks/planted.py [--data glyphs mnist fashion_mnist] [--samples 2000] [--seed 0]

Trains the extractor `referee` on the training split of each dataset, with each of its classifiers alone and with both,
and damages held-out samples: salt turns a share of the pixels white; noise adds Gaussian noise of a standard deviation,
in units of [-1, 1]; blur is a Gaussian of a standard deviation in pixels; thin keeps the darkest of 2x2 pixels;
collapsed repeats the first 50 samples. For each, a row of a Markdown table says how many per cent of the samples are
read as their class, and the Frechet distance to 10,000 training
samples. Where the distance is that of real samples, the referee does not see the damage.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2.functional import gaussian_blur

from ganzoo import Blueprint
from ganzoo.metrics.reference import Reference
from ganzoo.registry import discovery
from ganzoo_builtins.extractors.classifier import ARCHITECTURES
from ganzoo_builtins.extractors.referee import Referee
from ganzoo_builtins.metrics.frechet import frechet_distance

SETTINGS = {"glyphs": {"characters": "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}}
PANELS = [*([one] for one in ARCHITECTURES), [*ARCHITECTURES]]
SALT, NOISE, BLUR = (0.01, 0.03, 0.1), (0.1, 0.3), (0.5, 1.0, 2.0)
REPEATED = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", default=["glyphs", "mnist", "fashion_mnist"])
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.data:
        for line in table(name, options.samples, options.seed):
            print(line, flush=True)


def table(name: str, n: int, seed: int) -> Iterator[str]:
    """Yield the lines of the table of one dataset.

    Args:
        name: Name of the dataset.
        n: Number of held-out samples.
        seed: Seed of the referees, and of the damage.

    Yields:
        The lines, in Markdown.
    """
    data = Blueprint(discovery.load().zoo.find("dataset", name), SETTINGS.get(name, {}))()
    reference = Reference.from_dataset(data)
    y = reference.held.batch["y"][:n]
    referees = [Referee(seed=seed, networks=panel, least=0) for panel in PANELS]
    for referee in referees:
        referee.prepare(reference)
    real = [referee.features(reference.real.samples[:10_000]) for referee in referees]
    titles = [referee.networks[0] if len(referee.networks) == 1 else "both" for referee in referees]
    columns = [f"{title}, {figure}" for figure in ("%", "distance") for title in titles]
    yield f"| {name} | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    for damage, x in planted(reference.held.samples[:n], seed):
        labels = y if damage != "collapsed" else y[:REPEATED].repeat(len(x) // REPEATED + 1)[: len(x)]
        features = [referee.features(x) for referee in referees]
        read = [
            100 * (referee.classes(f, f) == labels).double().mean().item()
            for referee, f in zip(referees, features, strict=True)
        ]
        distances = [frechet_distance(r, f) for r, f in zip(real, features, strict=True)]
        yield f"| {damage} | {' | '.join(f'{v:.1f}' for v in read)} | {' | '.join(f'{v:.4f}' for v in distances)} |"
    yield f"{name}: {', '.join(f'{t} {r.digest[:12]}' for t, r in zip(titles, referees, strict=True))}\n"


def planted(x: Tensor, seed: int) -> Iterator[tuple[str, Tensor]]:
    """Yield the name of each damage with the damaged samples.

    Args:
        x: Images (N, C, H, W) in [-1, 1].
        seed: Seed of salt and noise.

    Yields:
        The name, and images of the same shape.
    """
    yield "real", x
    yield from ((f"salt {share:g}", salted(x, share, seed)) for share in SALT)
    yield from ((f"noise {std:g}", noisy(x, std, seed)) for std in NOISE)
    yield from ((f"blur {std:g}", blurred(x, std)) for std in BLUR)
    yield "thin", thinned(x)
    yield "collapsed", collapsed(x)


def salted(x: Tensor, share: float, seed: int = 0) -> Tensor:
    """Return the images with a share of their pixels white."""
    chosen = torch.rand(x.shape, generator=torch.Generator().manual_seed(seed)) < share
    return x.masked_fill(chosen, 1)


def noisy(x: Tensor, std: float, seed: int = 0) -> Tensor:
    """Return the images with Gaussian noise of this standard deviation."""
    return (x + std * torch.randn(x.shape, generator=torch.Generator().manual_seed(seed))).clamp(-1, 1)


def blurred(x: Tensor, std: float) -> Tensor:
    """Return the images blurred by a Gaussian of this standard deviation in pixels."""
    return gaussian_blur(x, [2 * int(3 * std + 0.5) + 1] * 2, [std, std])


def thinned(x: Tensor) -> Tensor:
    """Return the images with each pixel as dark as the darkest of the 2x2 that begin there."""
    return -F.max_pool2d(F.pad(-x, (0, 1, 0, 1), value=-1), 2, 1)


def collapsed(x: Tensor) -> Tensor:
    """Return the first 50 images again and again, as many as there are."""
    return x[:REPEATED].repeat(len(x) // REPEATED + 1, 1, 1, 1)[: len(x)]


if __name__ == "__main__":
    main()
