"""Token ids in the eyes of the oracle that drew the data: likelihood at the start, after each stage, in between."""

from __future__ import annotations

import torch

import ganzoo
from ganzoo import Model
from ganzoo.config import instantiate
from ganzoo.registry import discovery
from ganzoo.visualization import loss_plot

SAMPLES = 10_000


def judge(run: ganzoo.Run) -> str:
    """Negative log-likelihood per token under the oracle, over 10,000 samples of seed 0, and of new data under G."""
    plugins = discovery.load()
    recipe = run.recipe(plugins.zoo)
    dataset, first = instantiate.dataset(recipe), recipe.procedure.settings["pretrain_g"]
    untrained = Model(instantiate.procedure(recipe, dataset.spec).eval(), dataset.spec, ())
    taught = ganzoo.load(run.checkpoints / f"step-{first:08d}", plugins)
    trained = ganzoo.load(run, plugins)
    start, likelihood, rewards = (
        dataset.measure(model.sample(SAMPLES, seed=0))["nll"] for model in (untrained, taught, trained)
    )
    fresh = dataset.draw(SAMPLES, seed=recipe.dataset.settings.get("seed", 0) + 2)
    own = dataset.measure(fresh)["nll"]
    with torch.no_grad():
        before, after = (-model.procedure.G.log_likelihood(fresh).mean() for model in (taught, trained))
    rows = [{"step": row["step"], "data/nll": row["data/nll"]} for row in run.metrics() if "data/nll" in row]
    loss_plot.draw(rows, run.samples / f"step-{run.status['step']:08d}.png")
    return (
        f"NLL {rewards:.3f} after rewards, {likelihood:.3f} after likelihood, {start:.3f} untrained, {own:.3f} of the "
        f"data; of new data under G {after:.3f}, {before:.3f} ({SAMPLES:,} samples)"
    )
