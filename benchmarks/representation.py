"""Accuracy of a linear classifier on a discriminator's features: the feature test of the DCGAN paper.

    python benchmarks/representation.py RUN [--test dataset.train=false] [--train 10000] [--held 2000] [--seed 0]

Radford et al. 2016 (arXiv:1511.06434), section 5.1: the activations of every convolutional layer are max-pooled to
4x4, flattened and concatenated, and a linear L2-SVM is trained on them with labels, which the GAN never saw. Here the
features are centred and scaled so that their mean squared length is 1, and the SVM's C is the better of two values,
chosen on a fifth of the labelled images. For comparison, the same is done with the raw pixels and with the network
before training, because random convolutions are good features already.

The images are those that the run was trained on, some of them held out. `--test` gives the setting that selects the
test split, for datasets that have one. The discriminator must contain convolutions and need no labels.
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
    """Labelled images: `x` (N, C, H, W) in [-1, 1], and the labels `y` (N,)."""

    x: Tensor
    y: np.ndarray


def stages(D: ganzoo.Discriminator, x: Tensor) -> list[Tensor]:
    """Return the output of each convolutional layer, after its normalisation and activation.

    Activations that are called as functions, not as modules, are not included.

    Args:
        D: The discriminator.
        x: Images (N, C, H, W).

    Returns:
        One tensor (N, c, h, w) for each convolution.
    """
    maps: list[Tensor] = []

    def record(module: nn.Module, inputs: object, out: object) -> None:
        if isinstance(out, Tensor) and out.dim() == 4:
            if isinstance(module, nn.Conv2d):
                maps.append(out)
            elif maps:
                maps[-1] = out

    hooks = [module.register_forward_hook(record) for module in D.modules() if not [*module.children()]]
    try:
        D.features(x)
    finally:
        for hook in hooks:
            hook.remove()
    return maps


@torch.no_grad()
def pooled(D: ganzoo.Discriminator, x: Tensor) -> Tensor:
    """Return the features (N, F) of images (N, C, H, W): each stage max-pooled to 4x4, flattened and concatenated."""
    D.eval()
    chunks = []
    for part in x.split(CHUNK):
        maps = [adaptive_max_pool2d(stage, min(SIDE, *stage.shape[2:])) for stage in stages(D, part)]
        if not maps:
            raise SystemExit(f"{type(D).__name__} has no convolutions")
        chunks.append(torch.cat([stage.flatten(1) for stage in maps], 1))
    return torch.cat(chunks)


def accuracy(train: Tensor, y: np.ndarray, test: Tensor, y_test: np.ndarray) -> float:
    """Train a linear SVM, and return its accuracy on the test images.

    Args:
        train: Features of the training images, (N, F); further dimensions are flattened.
        y: Labels of the training images, (N,).
        test: Features of the test images, (M, F).
        y_test: Labels of the test images, (M,).

    Returns:
        The fraction of test images that are classified correctly.
    """
    x = train.flatten(1)
    x_test = test.flatten(1)
    held = len(y) // 5
    mean = x.mean(0)
    length = (x - mean).square().sum(1).mean().sqrt()
    x, x_test = (x - mean) / length, (x_test - mean) / length
    best = max(CS, key=lambda c: _svm(x[held:], y[held:], c).score(x[:held], y[:held]))
    return float(_svm(x, y, best).score(x_test, y_test))


def _svm(x: Tensor, y: np.ndarray, c: float) -> LinearSVC:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 1,000 iterations are enough here
        return LinearSVC(C=c, dual=True, random_state=0).fit(x, y)


def discriminator(procedure: ganzoo.Procedure) -> ganzoo.Discriminator:
    """Return the first discriminator of a procedure; exit when there is none, or when it needs labels."""
    discriminators = [module for module in procedure.modules() if isinstance(module, ganzoo.Discriminator)]
    if not discriminators or discriminators[0].conditional:
        raise SystemExit("the run has no discriminator that judges without labels")
    return discriminators[0]


def examples(dataset: Dataset, n: int, skip: int, seed: int) -> Examples:
    """Return examples of a dataset in random order.

    Args:
        dataset: The dataset.
        n: Number of examples.
        skip: Number of examples to leave out at the beginning of the random order.
        seed: Seed of the order.

    Returns:
        The examples, with pixels in [-1, 1].
    """
    order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))[skip : skip + n]
    whole = dataset.tensors()
    if whole is None:
        selection = {key: torch.stack([dataset[i][key] for i in order.tolist()]) for key in ("x", "y")}
    else:
        selection = {key: value[order] for key, value in whole.items()}
    return Examples(normalised(selection)["x"], selection["y"].numpy())


def measure(run: ganzoo.Run, test: str = "", train: int = 10_000, held: int = 2_000, seed: int = 0) -> dict[str, float]:
    """Measure the accuracies of classifiers on raw pixels, on the untrained network and on the trained network.

    Args:
        run: A finished run.
        test: Override that selects the test split, such as "dataset.train=false"; "" holds out training images.
        train: Number of labelled images.
        held: Number of images to test on; at most a fifth of the data when they are held out.
        seed: Seed of the choice of images.

    Returns:
        The accuracies "pixels", "untrained" and "trained", and the numbers "images" and "held".
    """
    plugins = discovery.load()
    recipe = run.recipe(plugins.zoo)
    dataset = instantiate.dataset(recipe)
    if test:
        tree = recipe.resolved()
        resolver.override(tree, [test], plugins.zoo)
        test_split = instantiate.dataset(resolver.resolve(tree, plugins.zoo, "test", name=recipe.name))
        labelled = examples(dataset, train, 0, seed)
        unseen = examples(test_split, held, 0, seed)
    else:
        held = min(held, len(dataset) // 5)
        labelled = examples(dataset, train, held, seed)
        unseen = examples(dataset, held, 0, seed)
    networks = {
        "untrained": discriminator(instantiate.procedure(recipe, dataset.spec)),
        "trained": discriminator(ganzoo.load(run, plugins).procedure),
    }
    figures = {
        "images": len(labelled.y),
        "held": len(unseen.y),
        "pixels": accuracy(labelled.x, labelled.y, unseen.x, unseen.y),
    }
    for name, network in networks.items():
        figures[name] = accuracy(pooled(network, labelled.x), labelled.y, pooled(network, unseen.x), unseen.y)
    return figures


def sentence(figures: dict[str, float]) -> str:
    """Return the figures of `measure` as one sentence."""
    return (
        f"linear SVM on the discriminator's features {100 * figures['trained']:.1f} % right, before training "
        f"{100 * figures['untrained']:.1f} %, on raw pixels {100 * figures['pixels']:.1f} % "
        f"({figures['images']:,} labelled images, {figures['held']:,} held out)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--test", default="", help="override that selects the test split: dataset.train=false")
    parser.add_argument("--train", type=int, default=10_000)
    parser.add_argument("--held", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(sentence(measure(ganzoo.Run.open(options.run), options.test, options.train, options.held, options.seed)))


if __name__ == "__main__":
    main()
