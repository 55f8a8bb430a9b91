"""Regularizers: terms added to the players' moves, and changes to their networks."""

from __future__ import annotations

import ganzoo

HERE = "ganzoo_builtins.regularizers"


@ganzoo.hookimpl
def ganzoo_register(zoo: ganzoo.Zoo) -> None:
    def add(name: str, target: str, summary: str, paper: str) -> None:
        zoo.add("regularizer", name, f"{HERE}.{target}", summary=summary, paper=paper)

    add("weight_clipping", "weight_clipping:WeightClipping", "WGAN: clamps the critic's weights", "arXiv:1701.07875")
    add(
        "gradient_penalty",
        "gradient_penalty:GradientPenalty",
        "WGAN-GP: gradient norm 1 between real and fake",
        "arXiv:1704.00028",
    )
    add("dragan", "dragan:DRAGAN", "Gradient norm 1 around real samples", "arXiv:1705.07215")
    add("r1", "r1:R1", "Gradient zero at real samples", "arXiv:1801.04406")
    add("r2", "r2:R2", "Gradient zero at fake samples", "arXiv:1801.04406")
    add("approximate_r1", "approximate_r1:ApproximateR1", "R1 by finite differences; compiles", "arXiv:2501.08316")
    add("approximate_r2", "approximate_r1:ApproximateR2", "R2 by finite differences; compiles", "arXiv:2501.08316")
    add("lecam", "lecam:LeCam", "Logits near the running means of the others", "arXiv:2104.03310")
    add("bcr", "bcr:BCR", "Equal logits for shifted and mirrored samples", "arXiv:2002.04724")
    add("zcr", "zcr:ZCR", "Equal logits for nearby codes, different samples", "arXiv:2002.04724")
    add("pull_away", "pull_away:PullAway", "EBGAN-PT: pushes codes of fakes apart", "arXiv:1609.03126")
    add("spectral_norm", "spectral_norm:SpectralNorm", "SNGAN: weights divided by their norm", "arXiv:1802.05957")
    add("self_attention", "self_attention:SelfAttention", "SAGAN: self-attention layers", "arXiv:1805.08318")
    add("orthogonal", "orthogonal:Orthogonal", "BigGAN: rows of weights differ in direction", "arXiv:1809.11096")
    name, target = "paired_feature_matching", "paired_feature_matching:PairedFeatureMatching"
    add(name, target, "pix2pixHD: outputs with the features of targets", "arXiv:1711.11585")
    add("path_length", "path_length:PathLength", "StyleGAN2: steps in w of one length", "arXiv:1912.04958")
    summary = "FastGAN: real samples rebuilt by the discriminator"
    add("reconstruction", "reconstruction:Reconstruction", summary, "arXiv:2101.04775")
    zoo.add(
        "regularizer",
        "instance_noise",
        f"{HERE}.instance_noise:InstanceNoise",
        summary="Decreasing noise on the inputs",
        paper="arXiv:1701.04862",
        deprecated='it is now [[augmentation]] use = "instance_noise", with the same settings, and goes in ganzoo 0.3',
    )

    improved = "arXiv:1606.03498"
    add("feature_matching", "feature_matching:FeatureMatching", "Fakes with the mean features of real ones", improved)
    name, target = "minibatch_discrimination", "minibatch_discrimination:MinibatchDiscrimination"
    add(name, target, "The discriminator sees how similar a batch is", improved)
    name, target = "historical_averaging", "historical_averaging:HistoricalAveraging"
    add(name, target, "Parameters stay near their mean over time", improved)
    name, target = "virtual_batch_norm", "virtual_batch_norm:VirtualBatchNorm"
    add(name, target, "Batch norm by a fixed batch, generator only", improved)
