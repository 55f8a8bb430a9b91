"""Judge of VAE-GAN: generated classes, and the reconstruction error relative to that of the mean image."""

from __future__ import annotations

import torch

import ganzoo
from ganzoo.config import instantiate
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from ganzoo.utils.modes import eval_mode
from judges import classes

IMAGES = 2000


def judge(run: ganzoo.Run) -> str:
    """Report the mean squared error over the first 2,000 images, in percent of the error of their mean."""
    plugins = discovery.load()
    procedure = ganzoo.load(run, plugins).procedure
    whole = instantiate.dataset(run.recipe(plugins.zoo)).tensors()
    assert whole is not None, "the dataset does not fit in memory"
    x = normalised({"x": whole["x"][:IMAGES]})["x"]  # (N, *shape)
    with eval_mode(procedure):
        reconstruction = torch.cat([procedure.G(procedure.E(part)) for part in x.split(500)])
    share = (reconstruction - x).square().mean() / (x - x.mean(0)).square().mean()
    return f"{classes.judge(run)}; rebuilt with {100 * share:.0f} % of the mean image's square error"
