"""GANs whose novelty is their networks: a generator and a discriminator each; some with a procedure of their own."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.gans"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, prefix: str, summary: str, paper: str) -> None:
        zoo.add("generator", name, f"{HERE}.{name}:{prefix}Generator", summary=summary, paper=paper)
        zoo.add("discriminator", name, f"{HERE}.{name}:{prefix}Discriminator", summary=summary, paper=paper)

    add("one_hidden", "OneHidden", "One hidden layer of 256 units each, pixels by a sigmoid", "arXiv:1406.2661")
    add("mlp", "MLP", "Fully connected, for images and for points", "arXiv:1406.2661")
    add("cgan", "CGAN", "Fully connected, with the label embedded beside the input", "arXiv:1411.1784")
    add("dcgan", "DCGAN", "Strided 4x4 convolutions, batch norm, no pooling", "arXiv:1511.06434")
    add("dcgan_upsample", "DCGANUpsample", "DCGAN by nearest upsampling and 3x3 convolutions", "arXiv:1511.06434")
    add("dcgan_elu", "DCGANElu", "DCGAN with ELU, dropout and hidden layers", "arXiv:1511.06434")
    add("dcgan_5x5", "DCGAN5x5", "DCGAN by 5x5 convolutions, four layers each", "arXiv:1511.06434")
    zoo.add(
        "procedure",
        "split_discriminator",
        f"{HERE}.dcgan_elu:SplitDiscriminator",
        summary="Three optimizers: the discriminator has one for real samples and another for fake ones",
        paper="arXiv:1511.06434",
    )
