"""GANs by name: the networks of each, and its procedure where `adversarial` is not its."""
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

    energies = f"{HERE}.autoencoder"
    zoo.add(
        "discriminator",
        "autoencoder",
        f"{energies}:MLPAutoencoder",
        summary="Fully connected auto-encoder; its error is the energy",
        paper="arXiv:1609.03126",
    )
    zoo.add(
        "discriminator",
        "conv_autoencoder",
        f"{energies}:ConvAutoencoder",
        summary="Convolutional auto-encoder; its error is the energy",
        paper="arXiv:1609.03126",
    )

    add("began", "BEGAN", "Auto-encoder and generator of one shape, ELU, no norm", "arXiv:1703.10717")
    zoo.add(
        "procedure",
        "began",
        f"{HERE}.began:BEGAN",
        summary="Two errors of an auto-encoder, held in balance by a controller",
        paper="arXiv:1703.10717",
    )

    larsen = "arXiv:1512.09300"
    add("vaegan", "VAEGAN", "5x5 convolutions, batch norm, ReLU; a hidden layer in each", larsen)
    zoo.add("encoder", "vaegan", f"{HERE}.vaegan:VAEGANEncoder", summary="The same, down to a code", paper=larsen)
    zoo.add("encoder", "mlp", f"{HERE}.mlp:MLPEncoder", summary="Fully connected, for images and points", paper=larsen)
    zoo.add(
        "procedure",
        "vaegan",
        f"{HERE}.vaegan:VAEGAN",
        summary="Encoder, decoder and discriminator; errors are measured in the last one's features",
        paper=larsen,
    )

    detail = "A coarse image's missing detail, by three convolutions"
    add("lapgan_level", "LAPGANLevel", detail, "arXiv:1506.05751")
    zoo.add(
        "procedure",
        "lapgan",
        f"{HERE}.lapgan:LAPGAN",
        summary="A pyramid of independent pairs: a small image first, then the detail of each doubling of its side",
        paper="arXiv:1506.05751",
    )
    for kind, network in ("generator", "GMANGenerator"), ("discriminator", "GMANDiscriminator"):
        target = f"{HERE}.gman_networks:{network}"
        zoo.add(kind, "gman", target, summary="Shallow convolutions, with dropout in judging", paper="arXiv:1611.01673")
    zoo.add(
        "procedure",
        "gman",
        f"{HERE}.gman:GMAN",
        summary="One generator against several discriminators, from their mean to the harshest",
        paper="arXiv:1611.01673",
    )
    zoo.add(
        "procedure",
        "pacgan",
        f"{HERE}.pacgan:PacGAN",
        summary="As adversarial, but the discriminator judges packs of several samples at once",
        paper="arXiv:1712.04086",
    add("dcgan_elu", "DCGANElu", "DCGAN with ELU, dropout and hidden layers", "arXiv:1511.06434")
    add("dcgan_5x5", "DCGAN5x5", "DCGAN by 5x5 convolutions, four layers each", "arXiv:1511.06434")
    zoo.add(
        "procedure",
        "split_discriminator",
        f"{HERE}.dcgan_elu:SplitDiscriminator",
        summary="Three optimizers: the discriminator has one for real samples and another for fake ones",
        paper="arXiv:1511.06434",
    )
