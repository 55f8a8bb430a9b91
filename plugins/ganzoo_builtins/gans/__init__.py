"""GANs by name: the networks of each, and its procedure unless that is `adversarial`."""

from __future__ import annotations

from collections.abc import Iterator

import ganzoo

HERE = "ganzoo_builtins.gans"


@ganzoo.hookimpl
def ganzoo_suggest(spec: ganzoo.Spec, examples: int, border: float) -> Iterator[ganzoo.Suggestion]:
    from ganzoo_builtins.gans import suggestions

    return suggestions.suggest(spec, examples, border)


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(kind: str, name: str, target: str, summary: str, paper: str, upgrade: str | None = None) -> None:
        zoo.add(kind, name, f"{HERE}.{target}", summary=summary, paper=paper, upgrade=upgrade)

    def pair(name: str, prefix: str, summary: str, paper: str) -> None:
        add("generator", name, f"{name}:{prefix}Generator", summary, paper)
        add("discriminator", name, f"{name}:{prefix}Discriminator", summary, paper)

    # The first, and what is fully connected.
    paper = "arXiv:1406.2661"
    pair("goodfellow", "Goodfellow", "The first GAN: rectified layers against maxout units", paper)
    pair("one_hidden", "OneHidden", "One hidden layer of 256 units each, pixels by a sigmoid", paper)
    pair("mlp", "MLP", "Fully connected, for images and for points", paper)
    add("encoder", "mlp", "mlp:MLPEncoder", "Fully connected, for images and points", "arXiv:1512.09300")
    pair("cgan", "CGAN", "Fully connected, with an embedding of the label as input", "arXiv:1411.1784")
    pair("improved_gan", "ImprovedGAN", "Fully connected, weight norm, noise on every layer", "arXiv:1606.03498")

    # Convolutions.
    paper = "arXiv:1511.06434"
    pair("dcgan", "DCGAN", "Strided 4x4 convolutions, batch norm, no pooling", paper)
    pair("dcgan_upsample", "DCGANUpsample", "DCGAN by nearest upsampling and 3x3 convolutions", paper)
    pair("tf_dcgan", "TFDCGAN", "DCGAN of TensorFlow-Examples: 5x5, a softmax of two logits", paper)
    pair("dcgan_5x5", "DCGAN5x5", "DCGAN by 5x5 convolutions, four layers each", paper)
    pair("dcgan_elu", "DCGANElu", "DCGAN with ELU, dropout and hidden layers", paper)
    summary = "Three optimizers: the discriminator has one for real samples and another for fake ones"
    add("procedure", "split_discriminator", "dcgan_elu:SplitDiscriminator", summary, paper)
    paper = "arXiv:1802.05957"
    pair("sngan", "SNGAN", "Convolutions for spectral normalisation", paper)
    pair("sngan_resnet", "SNGANResNet", "Residual blocks for spectral normalisation", paper)
    pair("compact", "Compact", "Small strided convolutions, fast on a CPU", paper)

    summary = "A class vector and a chunk of noise for each layer"
    pair("biggan", "BigGAN", summary, "arXiv:1809.11096")
    summary = "A style for each layer, noise, images of all resolutions"
    pair("stylegan2", "StyleGAN2", summary, "arXiv:1912.04958")
    summary = "Residual blocks without normalisation or tanh"
    pair("r3gan", "R3GAN", summary, "arXiv:2501.05441")

    summary = "From few images: small maps gate large ones, decoders"
    pair("fastgan", "FastGAN", summary, "arXiv:2101.04775")

    # Classes.
    summary = "As adversarial, but the discriminator predicts the label, in place of taking it"
    add("procedure", "acgan", "acgan:ACGAN", summary, "arXiv:1610.09585")
    summary = "AC-GAN whose samples are compared with each other and with a vector of each class"
    add("procedure", "reacgan", "reacgan:ReACGAN", summary, "arXiv:2111.01118")

    # Codes, distances and margins.
    paper = "arXiv:1606.03657"
    pair("infogan", "InfoGAN", "The networks for MNIST, with codes in the noise", paper)
    summary = "Part of the noise is codes that can be inferred from samples; finds classes without labels"
    add("procedure", "infogan", "infogan:InfoGAN", summary, paper)
    summary = "As adversarial, with bursts of critic moves, as in the authors' code"
    add("procedure", "wgan", "wgan:WGAN", summary, "arXiv:1701.07875")
    summary = "Residual blocks, and a critic without normalisation"
    pair("wgan_gp_resnet", "WGANGPResNet", summary, "arXiv:1704.00028")
    summary = "LS-GAN of Qi: a learned loss with margins between real samples and fakes; not least squares"
    add("procedure", "loss_sensitive", "loss_sensitive:LossSensitive", summary, "arXiv:1701.06264")

    # Several discriminators, several sizes.
    paper = "arXiv:1611.01673"
    add("generator", "gman", "gman:GMANGenerator", "Shallow convolutions", paper)
    add("discriminator", "gman", "gman:GMANDiscriminator", "Shallow convolutions, with dropout", paper)
    summary = "One generator against several discriminators, by the mean or the maximum of its losses"
    add("procedure", "gman", "gman:GMAN", summary, paper)
    summary = "As adversarial, but the discriminator judges packs of several samples at once"
    add("procedure", "pacgan", "pacgan:PacGAN", summary, "arXiv:1712.04086")
    paper = "arXiv:1506.05751"
    summary = "A coarse image's missing detail, by three convolutions"
    upgrade = f"{HERE}.upgrade:lapgan_level"
    add("generator", "lapgan_level", "lapgan:LAPGANLevelGenerator", summary, paper, upgrade)
    add("discriminator", "lapgan_level", "lapgan:LAPGANLevelDiscriminator", summary, paper, upgrade)
    summary = "A pyramid of independent pairs: a small image first, then the detail of each doubling of its side"
    add("procedure", "lapgan", "lapgan:LAPGAN", summary, paper)

    # Auto-encoders.
    paper = "arXiv:1609.03126"
    summary = "Fully connected; the energy is the reconstruction error"
    add("discriminator", "autoencoder", "autoencoder:MLPAutoencoder", summary, paper)
    summary = "Convolutional; the energy is the reconstruction error"
    add("discriminator", "conv_autoencoder", "autoencoder:ConvAutoencoder", summary, paper)
    paper = "arXiv:1703.10717"
    pair("began", "BEGAN", "Auto-encoder and generator of one shape, ELU, no norm", paper)
    summary = "Reconstruction errors on real samples and fakes, held in balance by a controller"
    add("procedure", "began", "began:BEGAN", summary, paper)
    paper = "arXiv:1512.09300"
    pair("vaegan", "VAEGAN", "5x5 convolutions, batch norm, ReLU; a hidden layer in each", paper)
    add("encoder", "vaegan", "vaegan:VAEGANEncoder", "5x5 convolutions, batch norm, ReLU, down to a code", paper)
    summary = "Encoder, decoder and discriminator, whose features measure the reconstruction error"
    add("procedure", "vaegan", "vaegan:VAEGAN", summary, paper)

    paper = "https://doi.org/10.1016/j.media.2019.01.010"
    add("encoder", "fanogan", "fanogan:FAnoGANEncoder", "Residual blocks, batch norm, down to a code", paper)
    summary = "Anomaly scores: a GAN of normal samples, then an encoder whose reconstructions are compared"
    add("procedure", "fanogan", "fanogan:FAnoGAN", summary, paper)

    # A classifier's features.
    paper = "arXiv:1612.00005"
    pair("ppgn", "PPGN", "From a classifier's features to images, and back", paper)
    summary = "Inverts a classifier's features, and samples by a Markov chain towards a class"
    add("procedure", "ppgn", "ppgn:PPGN", summary, paper)

    # Words.
    paper = "arXiv:1609.05473"
    pair("seqgan", "SeqGAN", "LSTM generator and convolutional discriminator of tokens", paper)
    summary = "Maximum likelihood, then policy gradients with rollouts, for token ids"
    add("procedure", "seqgan", "seqgan:SeqGAN", summary, paper)

    # Images from images.
    summary = "Patches at several scales"
    add("discriminator", "multi_scale", "multi_scale:MultiScaleDiscriminator", summary, "arXiv:1711.11585")
    summary = "Features of a frozen classifier, at four sizes"
    add("discriminator", "projected", "projected:ProjectedDiscriminator", summary, "arXiv:2111.01007")
    pair("pix2pix", "Pix2pix", "Images to images by a U-Net, judged patch by patch", "arXiv:1611.07004")
    paper = "arXiv:1604.07379"
    summary = "The middle of an image, from its surroundings"
    add("generator", "context_encoder", "context_encoder:ContextEncoderGenerator", summary, paper)
    summary = "Inpainting: squared error, weighted at the seam, and a discriminator of the filled hole"
    add("procedure", "context_encoder", "context_encoder:ContextEncoder", summary, paper)
    paper = "arXiv:1703.10593"
    pair("cyclegan", "CycleGAN", "Images to images of their size by residual blocks; patches", paper)
    summary = "Two sets without pairs, in both directions: there and back again"
    add("procedure", "cyclegan", "cyclegan:CycleGAN", summary, paper)
    paper = "arXiv:2007.15651"
    add("generator", "cut", "cut:CUTGenerator", "As cyclegan, blurred where it is halved; has features", paper)
    summary = "Two sets without pairs, by contrast between patches of input and output"
    add("procedure", "cut", "cut:CUT", summary, paper)
    paper = "arXiv:1609.04802"
    pair("srgan", "SRGAN", "Small images to larger ones, by residual blocks", paper)
    summary = "Super-resolution: squared error first, then a discriminator and a distance of features"
    add("procedure", "srgan", "srgan:SRGAN", summary, paper)
    paper = "arXiv:2107.10833"
    add("generator", "rrdb", "real_esrgan:RRDBGenerator", "To larger images, by dense blocks without norm", paper)
    add("discriminator", "unet", "real_esrgan:UNetDiscriminator", "A logit for each pixel; spectral norm", paper)
