"""Judge of InfoGAN: agreement of its first discrete code, learned without labels, with the classes of real images."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

import ganzoo
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from ganzoo.utils.modes import sampling

FAKES = 2000


def judge(run: ganzoo.Run) -> str:
    """Report the agreement on the test split (or all data, without one), and the share of codes recovered."""
    plugins = discovery.load()
    blueprint = run.recipe(plugins.zoo).dataset
    held_out = "train" in blueprint.signature.settings
    data = blueprint(train=False) if held_out else blueprint()
    whole = normalised(data.tensors())
    procedure = ganzoo.load(run, plugins).procedure
    with sampling(procedure, torch.device("cpu"), seed=0):
        inferred = torch.cat([procedure.infer(x).y[0] for x in whole["x"].split(500)])
        batches = [procedure.codes(500) for _ in range(FAKES // 500)]
        recovered = [procedure.infer(procedure.G(procedure.latent(codes))).y[0] for codes in batches]
        right = [(y == codes.y[0]).float().mean() for y, codes in zip(recovered, batches, strict=True)]
    share = assigned(inferred, whole["y"], data.spec.classes)
    images = f"{len(inferred):,} real images" + (" held out" if held_out else "")
    return (
        f"code agrees with the class on {100 * share:.1f} % of {images}, "
        f"and is read back from {100 * torch.stack(right).mean():.1f} % of {FAKES:,} samples"
    )


def assigned(codes: Tensor, labels: Tensor, classes: int) -> float:
    """Return the share of codes that match the labels under the best assignment of one code to each class.

    Args:
        codes: Inferred codes, (N,).
        labels: Class labels, (N,).
        classes: Number of classes.

    Returns:
        The share, from 0 to 1.
    """
    values = max(int(codes.max()) + 1, classes)
    counts = (codes * classes + labels).bincount(minlength=values * classes).view(values, classes)
    rows, columns = linear_sum_assignment(counts.numpy(), maximize=True)
    return counts[rows, columns].sum().item() / len(codes)
