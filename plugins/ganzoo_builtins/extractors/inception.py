"""Inception v3 as TensorFlow published it in 2015, which FID and the Inception Score are defined by."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from torch import Tensor

from ganzoo import DataError, EnvironmentProblem, Extractor, Misfit, Reference, Spec
from ganzoo.sources import data_root
from ganzoo_builtins.extractors.classifier import read

NAME = "weights-inception-2015-12-05-6726825d.pth"
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{NAME}"
STARTS = "6726825d"  # the SHA-256 of the file, as its name has it


class Inception(Extractor):
    """Images in colour or grey -> the 2,048 features after the last pooling, and the 1,008 logits without their bias.

    The network is torch-fidelity's (the extra `fidelity`), which resizes as TensorFlow 1 does; images become bytes
    first. Its classes are ImageNet's. It has seen photographs only: of digits it says little that a referee does not
    say better. Source: Heusel et al. 2017 (arXiv:1706.08500), Salimans et al. 2016 (arXiv:1606.03498).
    """

    def check(self, spec: Spec) -> None:
        if not spec.is_image:
            raise Misfit('extractor inception: it looks at images, and these are not; use "raw" or "referee".')
        network()
        weights()

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        path, self.digest = weights()
        self.net = network()(
            "inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(path)
        )

    def features(self, x: Tensor) -> Tensor:
        return read(lambda part: self.net(as_bytes(part))[0], x.cpu())

    def logits(self, x: Tensor) -> Tensor:
        return read(lambda part: self.net(as_bytes(part))[1], x.cpu())
