"""Judge of SeqGAN on oracle data: the oracle's likelihood of samples before training and after each stage."""

from __future__ import annotations

import torch

import ganzoo
from ganzoo import Model
from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.visualization import loss_plot

SAMPLES = 10_000


def judge(run: ganzoo.Run) -> str:
    """Report the negative log-likelihood per token: of 10,000 samples under the oracle, and of new data under G.

    Also draws the likelihood over the course of the run into the run's folder of samples.

    Args:
        run: A finished run.

    Returns:
        The figures as text.
    """
    plugins = discovery.load()
    recipe = run.recipe(plugins.zoo)
    dataset = instantiate.dataset(recipe)
    first = recipe.procedure.settings["pretrain_g"]
    untrained = Model(instantiate.procedure(recipe, dataset.spec).eval(), dataset.spec, ())
    pretrained = ganzoo.load(run.checkpoints / f"step-{first:08d}", plugins)
    trained = ganzoo.load(run, plugins)
    start, likelihood, rewards = (
        dataset.measure(model.sample(SAMPLES, seed=0))["nll"] for model in (untrained, pretrained, trained)
    )
    fresh = dataset.draw(SAMPLES, seed=recipe.dataset.settings.get("seed", 0) + 2)
    data_nll = dataset.measure(fresh)["nll"]
    with torch.no_grad():
        before, after = (-model.procedure.G.log_likelihood(fresh).mean() for model in (pretrained, trained))
    rows = [{"step": row["step"], "data/nll": row["data/nll"]} for row in run.metrics() if "data/nll" in row]
    loss_plot.draw(rows, run.samples / f"step-{run.status['step']:08d}.png")
    return (
        f"NLL {rewards:.3f} after rewards, {likelihood:.3f} after likelihood, {start:.3f} untrained, "
        f"{data_nll:.3f} of the data; of new data under G {after:.3f}, {before:.3f} ({SAMPLES:,} samples)"
    )
