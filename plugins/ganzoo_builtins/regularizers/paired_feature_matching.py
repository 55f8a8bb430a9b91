"""Feature matching of pix2pixHD, Wang et al. 2018 (arXiv:1711.11585), section 3.2, equation (4)."""

from __future__ import annotations

import torch
from pydantic import NonNegativeFloat, PositiveInt
from torch import nn

from ganzoo import Comparison, IncompatibleError, Regularizer, Spec, Terms


class PairedFeatureMatching(Regularizer):
    """Term weight * sum over layers i of E |D_i(b) - D_i(G(a))| for the generator of a translator.

    The output of each input is compared with its target by the features of every layer of the discriminator, the mean
    over each layer's values. Layers of all scales are summed. A discriminator says what its layers are by
    layer_features(); one that does not is compared by its last features.

    Args:
        weight: Weight of the term, the paper's lambda: 10.
        every: Steps from one computation of the term to the next; it is multiplied by as many.
    """

    def __init__(self, weight: NonNegativeFloat = 10.0, every: PositiveInt = 1):
        self.weight = weight
        self.every = every

    def attach(self, discriminator: nn.Module, generator: nn.Module, spec: Spec) -> None:
        if getattr(generator, "z_dim", 0):
            raise IncompatibleError(
                "regularizer paired_feature_matching compares each output of a translator with its target, and this "
                "generator draws from noise: use feature_matching, which compares means over the batch."
            )

    def generator_terms(self, comparison: Comparison) -> Terms:
        with torch.no_grad():
            targets = comparison.layer_features(comparison.real)
        outputs = comparison.layer_features(comparison.fake)
        distances = [
            (output.float() - target.float()).abs().mean() for output, target in zip(outputs, targets, strict=True)
        ]
        return {"paired_feature_matching": self.weight * torch.stack(distances).sum()}
