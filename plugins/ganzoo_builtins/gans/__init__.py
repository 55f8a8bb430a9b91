"""GANs whose novelty is their networks: a generator and a discriminator each, for the procedure `adversarial`."""

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
    add("seqgan", "SeqGAN", "An LSTM that writes tokens, and filters over them that judge", "arXiv:1609.05473")
    zoo.add(
        "procedure",
        "seqgan",
        f"{HERE}.seqgan:SeqGAN",
        summary="Likelihood, then rewards: policy gradients with rollouts, for token ids",
        paper="arXiv:1609.05473",
    )
    add("improved_gan", "ImprovedGAN", "Fully connected, weight norm, noise on every layer", "arXiv:1606.03498")
    add("sngan", "SNGAN", "Convolutions for spectral normalisation", "arXiv:1802.05957")
    add("sngan_resnet", "SNGANResNet", "Residual blocks for spectral normalisation", "arXiv:1802.05957")
    add("ppgn", "PPGN", "From a classifier's features to images, and back", "arXiv:1612.00005")
    zoo.add(
        "procedure",
        "ppgn",
        f"{HERE}.ppgn:PPGN",
        summary="Inverts a classifier's features, then walks through them towards a class",
        paper="arXiv:1612.00005",
    )
