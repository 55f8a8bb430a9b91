"""Training procedures: who moves, in what order, minimising what."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.procedures"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    zoo.add(
        "procedure",
        "adversarial",
        f"{HERE}.adversarial:Adversarial",
        summary="Discriminator and generator move in turn, with any loss and any number of regularizers",
        paper="arXiv:1406.2661",
        upgrade=f"{HERE}.upgrade:adversarial",
    )
    zoo.add(
        "procedure",
        "adversarial-0.1",
        f"{HERE}.adversarial_0_1:Adversarial01",
        summary="Adversarial with all settings of ganzoo 0.1",
        paper="arXiv:1406.2661",
        deprecated=(
            'it has combinations of settings of the "adversarial" of ganzoo 0.1 that no other procedure has, and goes '
            "in ganzoo 0.3: write a procedure of your own, see docs/procedures.md"
        ),
    )
    zoo.add(
        "procedure",
        "simultaneous",
        f"{HERE}.simultaneous:Simultaneous",
        summary="As adversarial, but both players move at once, on one batch of fakes",
        paper="arXiv:1705.10461",
    )
    zoo.add(
        "procedure",
        "shared_fakes",
        f"{HERE}.shared_fakes:SharedFakes",
        summary="As adversarial, but both players see the same fakes, in either order",
        paper="arXiv:1406.2661",
    )
    zoo.add(
        "procedure",
        "generator_first",
        f"{HERE}.generator_first:GeneratorFirst",
        summary="As adversarial, but the generator moves before the discriminator",
        paper="arXiv:1802.05957",
    )
    zoo.add(
        "procedure",
        "larger_generator_batch",
        f"{HERE}.larger_generator_batch:LargerGeneratorBatch",
        summary="As adversarial, but the generator learns from more fakes than the discriminator",
        paper="arXiv:1704.00028",
    )
    zoo.add(
        "procedure",
        "replay",
        f"{HERE}.replay:Replay",
        summary="As adversarial, but the discriminator also sees earlier fakes",
        paper="arXiv:1612.07828",
    )
    zoo.add(
        "procedure",
        "semi_supervised",
        f"{HERE}.semi_supervised:SemiSupervised",
        summary="A classifier learns from a few labels, from real samples without labels, and from fakes",
        paper="arXiv:1606.03498",
        upgrade=f"{HERE}.upgrade:semi_supervised",
    )
    zoo.add(
        "procedure",
        "translation",
        f"{HERE}.translation:Translation",
        summary="Image-to-image translation from pairs: a discriminator, and the distance to the target",
        paper="arXiv:1611.07004",
    )
