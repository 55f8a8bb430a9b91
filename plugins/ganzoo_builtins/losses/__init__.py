"""Losses of both players, as functions of the discriminator's logits on real and on fake samples."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.losses"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str) -> None:
        zoo.add("loss", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("minimax", "minimax:Minimax", "The original game; the generator's gradient saturates", "arXiv:1406.2661")
    add("non_saturating", "non_saturating:NonSaturating", "Cross-entropy, optional label smoothing", "arXiv:1406.2661")
    summary = "LSGAN of Mao: distance to targets; not loss-sensitive"
    add("least_squares", "least_squares:LeastSquares", summary, "arXiv:1611.04076")
    add("wasserstein", "wasserstein:Wasserstein", "WGAN: difference of the critic's means", "arXiv:1701.07875")
    add("hinge", "hinge:Hinge", "Margins of one around a logit of zero", "arXiv:1705.02894")
    add("energy", "energy:Energy", "EBGAN: low energy for real, at least a margin for fake", "arXiv:1609.03126")
    add("relativistic", "relativistic:Relativistic", "Real logits above fake, pair by pair", "arXiv:1807.00734")
    average = "relativistic:RelativisticAverage"
    add("relativistic_average", average, "Logits against the other kind's mean", "arXiv:1807.00734")
