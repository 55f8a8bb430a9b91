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
    zoo.add(
        "procedure",
        "semi_supervised",
        "ganzoo_builtins.procedures.semi_supervised:SemiSupervised",
        summary="A classifier learns from a few labels, from real samples without, and from fakes",
        paper="arXiv:1606.03498",
    )
    zoo.add(
        "procedure",
        "translation",
        "ganzoo_builtins.procedures.translation:Translation",
        summary="Images to images by pairs: a judge of the output beside its input, and the distance to the truth",
        paper="arXiv:1611.07004",
    )
