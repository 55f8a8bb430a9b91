"""How much a discriminator has learned to see, by a linear classifier on its features: the check of the DCGAN paper.

    python benchmarks/representation.py RUN [--test dataset.train=false] [--train 10000] [--held 2000] [--seed 0]

Radford et al. 2016 (arXiv:1511.06434), section 5.1: the activations of every convolutional layer are max-pooled to
4x4, flattened and laid side by side, and a linear L2-SVM is trained on them with labels, which the GAN never saw. Here
features are brought to mean 0 and, all together, to a mean squared length of 1, and the SVM's C is the better of two
on a fifth of the labelled images. Beside the discriminator stand the raw pixels and the same network before it was
trained: random convolutions see a good deal.

Images are those the run was trained on, a share of them held out; `--test` names the settings that make the dataset
its own test part, where it has one. Any discriminator with convolutions will do that needs no label.
"""

from __future__ import annotations

import argparse
import warnings
from typing import NamedTuple

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.svm import LinearSVC
from torch import Tensor, nn
from torch.nn.functional import adaptive_max_pool2d

import ganzoo
from ganzoo.config import instantiate, resolver
from ganzoo.data.loader import normalised
from ganzoo.interfaces import Dataset
from ganzoo.registry import discovery

SIDE, CHUNK = 4, 500
CS = (0.1, 1.0)


class Examples(NamedTuple):
    """x: images (N, C, H, W) in [-1, 1]. y: labels (N,)."""

    x: Tensor
    y: np.ndarray


def stages(D: ganzoo.Discriminator, x: Tensor) -> list[Tensor]:
    """Images (N, C, H, W) -> what each convolution passes on to the next one, after norm and activation: (N, c, h, w).

    Layers must be modules to be seen: an activation that is a mere function is left out.
    """
    maps: list[Tensor] = []

    def see(module: nn.Module, given: object, out: object) -> None:
        if isinstance(out, Tensor) and out.dim() == 4:
            if isinstance(module, nn.Conv2d):
                maps.append(out)
            elif maps:
                maps[-1] = out

    hooks = [module.register_forward_hook(see) for module in D.modules() if not [*module.children()]]
    try:
        D.features(x)
    finally:
        for hook in hooks:
            hook.remove()
    return maps


@torch.no_grad()
def pooled(D: ganzoo.Discriminator, x: Tensor) -> Tensor:
    """Images (N, C, H, W) -> (N, features): each stage max-pooled to 4x4, flattened, side by side."""
    D.eval()
    chunks = []
    for part in x.split(CHUNK):
        maps = [adaptive_max_pool2d(found, min(SIDE, *found.shape[2:])) for found in stages(D, part)]
        if not maps:
            raise SystemExit(f"{type(D).__name__} has no convolutions")
        chunks.append(torch.cat([found.flatten(1) for found in maps], 1))
    return torch.cat(chunks)


def accuracy(train: Tensor, y: np.ndarray, test: Tensor, y_test: np.ndarray) -> float:
    """Of a linear SVM on features (N, F) of the training images, on those of the test images."""
    x, x_test, held = train.flatten(1), test.flatten(1), len(y) // 5
    mean = x.mean(0)
    length = (x - mean).square().sum(1).mean().sqrt()
    x, x_test = (x - mean) / length, (x_test - mean) / length
    best = max(CS, key=lambda c: _svm(x[held:], y[held:], c).score(x[:held], y[:held]))
    return float(_svm(x, y, best).score(x_test, y_test))


def _svm(x: Tensor, y: np.ndarray, c: float) -> LinearSVC:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is as far as it gets in 1,000 passes
        return LinearSVC(C=c, dual=True, random_state=0).fit(x, y)


def discriminator(procedure: ganzoo.Procedure) -> ganzoo.Discriminator:
    found = [module for module in procedure.modules() if isinstance(module, ganzoo.Discriminator)]
    if not found or found[0].conditional:
        raise SystemExit("the run has no discriminator that judges without labels")
    return found[0]


def examples(dataset: Dataset, n: int, skip: int, seed: int) -> Examples:
    """n of them in an order of their own, after the first `skip`."""
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[skip : skip + n]
    whole = dataset.tensors()
    if whole is None:
        chosen = {key: torch.stack([dataset[i][key] for i in order.tolist()]) for key in ("x", "y")}
    else:
        chosen = {key: value[order] for key, value in whole.items()}
    return Examples(normalised(chosen)["x"], chosen["y"].numpy())


def measure(run: ganzoo.Run, test: str = "", train: int = 10_000, held: int = 2_000, seed: int = 0) -> dict[str, float]:
    """Accuracies on the held images: of raw pixels, of the network before training, and of it as trained."""
    plugins = discovery.load()
    recipe = run.recipe(plugins.zoo)
    dataset = instantiate.dataset(recipe)
    if test:
        tree = recipe.resolved()
        resolver.override(tree, [test], plugins.zoo)
        other = instantiate.dataset(resolver.resolve(tree, plugins.zoo, "test", name=recipe.name))
        seen, new = examples(dataset, train, 0, seed), examples(other, held, 0, seed)
    else:
        held = min(held, len(dataset) // 5)
        seen, new = examples(dataset, train, held, seed), examples(dataset, held, 0, seed)
    networks = {
        "untrained": discriminator(instantiate.procedure(recipe, dataset.spec)),
        "trained": discriminator(ganzoo.load(run, plugins).procedure),
    }
    found = {"images": len(seen.y), "held": len(new.y), "pixels": accuracy(seen.x, seen.y, new.x, new.y)}
    for name, network in networks.items():
        found[name] = accuracy(pooled(network, seen.x), seen.y, pooled(network, new.x), new.y)
    return found


def told(found: dict[str, float]) -> str:
    return (
        f"linear SVM on the discriminator's features {100 * found['trained']:.1f} % right, before training "
        f"{100 * found['untrained']:.1f} %, on raw pixels {100 * found['pixels']:.1f} % "
        f"({found['images']:,} labelled images, {found['held']:,} held out)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--test", default="", help="what makes the dataset its test part: dataset.train=false")
    parser.add_argument("--train", type=int, default=10_000)
    parser.add_argument("--held", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    print(told(measure(ganzoo.Run.open(given.run), given.test, given.train, given.held, given.seed)))


if __name__ == "__main__":
    main()
