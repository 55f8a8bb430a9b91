"""ganzoo-bigan: a GAN that learns the way back from samples to codes, and points to try it on.

This module imports no torch, so that `ganzoo list` stays quick.
"""

from pathlib import Path

import ganzoo

ganzoo_api = ">=1.0,<2"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    zoo.add(
        "procedure",
        "bigan",
        "ganzoo_bigan.procedure:BiGAN",
        summary="Generator and encoder against a judge of pairs",
        paper="arXiv:1605.09782",
    )
    zoo.add("dataset", "moons", "ganzoo_bigan.dataset:Moons", summary="Two half moons that embrace, 2-D")


@ganzoo.hookimpl
def ganzoo_recipes() -> Path:
    return Path(__file__).parent / "recipes"
