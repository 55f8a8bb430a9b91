"""Area under the ROC curve of f-AnoGAN: how well a run tells anomalies from normal samples of the test split.

    python benchmarks/anomalies.py RUN

The classes that `procedure.anomalies` left out of the training are the anomalies. AUROC is the share of pairs of an
anomaly and a normal sample in which the anomaly has the lower score: 0.5 for a guess, 1 for no mistake.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sklearn.metrics import roc_auc_score

from ganzoo import load
from ganzoo.config import instantiate
from ganzoo.data.loader import normalised
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    place = parser.parse_args().run
    plugins = discovery.load()
    recipe = Run.open(place).recipe(plugins.zoo)
    anomalies = list(recipe.procedure.settings["anomalies"])
    held_out = instantiate.dataset(recipe).held_out()
    batch = held_out and held_out.tensors()
    assert batch, "the data has no test split in memory"
    scores = load(place, plugins).score(normalised(batch)["x"])
    is_anomaly = sum(batch["y"] == label for label in anomalies).bool()
    auroc = roc_auc_score(is_anomaly.numpy(), -scores.numpy())
    print(f"{len(scores):,} samples, {int(is_anomaly.sum()):,} anomalies {anomalies}: AUROC {auroc:.3f}")


if __name__ == "__main__":
    main()
