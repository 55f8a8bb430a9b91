"""Training procedures: who moves, in what order, minimising what."""

from __future__ import annotations

import ganzoo


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    zoo.add(
        "procedure",
        "adversarial",
        "ganzoo_builtins.procedures.adversarial:Adversarial",
        summary="Discriminator and generator move in turn, with any loss and any number of regularizers",
        paper="arXiv:1406.2661",
    )
