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
        "infogan",
        "ganzoo_builtins.gans.infogan:InfoGAN",
        summary="InfoGAN: part of the noise is codes, which samples must tell; without labels",
        paper="arXiv:1606.03657",
    )
    zoo.add(
        "procedure",
        "loss_sensitive",
        "ganzoo_builtins.gans.loss_sensitive:LossSensitive",
        summary="LS-GAN of Qi: a loss is learned, with margins between real samples and fakes; not least squares",
        paper="arXiv:1701.06264",
    )
