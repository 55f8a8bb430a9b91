"""ganzoo-steady: a loss and a regularizer for any GAN of the zoo.

This module imports no torch, so that `ganzoo list` stays quick.
"""

from pathlib import Path

import ganzoo

ganzoo_api = ">=1.0,<2"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    zoo.add(
        "loss",
        "pearson",
        "ganzoo_steady.loss:Pearson",
        summary="f-GAN by the Pearson chi-squared divergence",
        paper="arXiv:1606.00709",
    )
    zoo.add(
        "regularizer",
        "consistency",
        "ganzoo_steady.regularizer:Consistency",
        summary="CR-GAN: the same verdict on a moved picture",
        paper="arXiv:1910.12027",
    )


@ganzoo.hookimpl
def ganzoo_recipes() -> Path:
    return Path(__file__).parent / "recipes"
