"""How well the first discrete code of an InfoGAN knows the classes of real images, without having seen a label."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

import ganzoo
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from ganzoo.sampling.preview import sampling

FAKES = 2000


def judge(run: ganzoo.Run) -> str:
    """On the test part of the data, or on all of it where it has none; and from how many samples it is read back."""
    plugins = discovery.load()
    blueprint = run.recipe(plugins.zoo).dataset
    held_out = "train" in blueprint.signature.settings
    data = blueprint(train=False) if held_out else blueprint()
    whole = normalised(data.tensors())
    procedure = ganzoo.load(run, plugins).procedure
    with sampling(procedure, torch.device("cpu"), seed=0):
        read = torch.cat([procedure.infer(x).y[0] for x in whole["x"].split(500)])
        codes = [procedure.codes(500) for _ in range(FAKES // 500)]
        right = [(procedure.infer(procedure.G(procedure.latent(one))).y[0] == one.y[0]).float().mean() for one in codes]
    share = assigned(read, whole["y"], data.spec.classes)
    images = f"{len(read):,} real images" + (" held out" if held_out else "")
    return (
        f"code agrees with the class on {100 * share:.1f} % of {images}, "
        f"and is read back from {100 * torch.stack(right).mean():.1f} % of {FAKES:,} samples"
    )


def assigned(codes: Tensor, labels: Tensor, classes: int) -> float:
    """Share of (N,) codes that mean the label beside them, when each class is given a code of its own, at best."""
    values = max(int(codes.max()) + 1, classes)
    counts = (codes * classes + labels).bincount(minlength=values * classes).view(values, classes)
    rows, columns = linear_sum_assignment(counts.numpy(), maximize=True)
    return counts[rows, columns].sum().item() / len(codes)
