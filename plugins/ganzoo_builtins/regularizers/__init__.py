"""Regularizers: what is added to the discriminator's move, or done to it afterwards, to keep it smooth."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.regularizers"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str) -> None:
        zoo.add("regularizer", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("weight_clipping", "weight_clipping:WeightClipping", "WGAN: all weights within a box", "arXiv:1701.07875")
    add("gradient_penalty", "gradient_penalty:GradientPenalty", "WGAN-GP: gradient norm 1 between", "arXiv:1704.00028")
    add("dragan", "dragan:DRAGAN", "Gradient norm 1 around real samples", "arXiv:1705.07215")
    add("r1", "r1:R1", "Gradient zero at real samples", "arXiv:1801.04406")
    add("r2", "r2:R2", "Gradient zero at fake samples", "arXiv:1801.04406")
