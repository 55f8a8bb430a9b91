"""Inception v3 as it was published in 2015, the network that FID and the Inception Score are defined by."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo import (
    DataError,
    Extractor,
    IncompatibleError,
    Reference,
    SetupError,
    Spec,
    data_root,
    find_data,
    preserve_rng,
)
from ganzoo_builtins.extractors.classifier import read

FILE = "weights-inception-2015-12-05-6726825d.pth"
PATH = f"inception/{FILE}"  # below the data root
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"
BEGINS = "6726825d"  # the SHA-256 of the file, as its name says
AT_ONCE = 50  # images, which are enlarged to 299x299


class Inception(Extractor):
    """Images in colour or grey, as bytes -> the 2,048 features after the last pooling, or the 1,008 logits less bias.

    The network and how it resizes, as TensorFlow 1 did, are torch-fidelity's (the extra `fidelity`). It tells
    ImageNet's classes, not those of the data, and knows photographs only: of digits a referee knows more.
    Source: Szegedy et al. 2015 (arXiv:1512.00567), Heusel et al. 2017 (arXiv:1706.08500).
    """

    classifies = "others"

    def check(self, spec: Spec) -> None:
        if not spec.is_image or spec.shape[0] not in (1, 3):
            raise IncompatibleError(
                'extractor inception: it looks at images, in colour or grey, and these are none; use "raw".'
            )
        network()
        weights()

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        path, digest = weights()
        self.digest = digest
        with preserve_rng():  # building a network draws its first weights
            self.net = network()(
                "inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(path)
            )

    def features(self, x: Tensor) -> Tensor:
        return read(lambda part: self.net(as_bytes(part))[0], x, AT_ONCE)

    def logits(self, x: Tensor) -> Tensor:
        return read(lambda part: self.net(as_bytes(part))[1], x, AT_ONCE)


def as_bytes(x: Tensor) -> Tensor:
    """(N, 1 or 3, H, W) in [-1, 1] -> uint8 (N, 3, H, W), on the CPU."""
    return ((x.cpu() + 1) * 127.5).round().clamp(0, 255).byte().expand(-1, 3, -1, -1)


def network() -> Any:
    """torch-fidelity's class. Errors: SetupError without that package."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError:
        raise SetupError(
            "extractor inception comes with torch-fidelity: pip install 'ganzoo-torch[fidelity]' to use it"
        ) from None
    return FeatureExtractorInceptionV3


def weights() -> tuple[Path, str]:
    """The file of the weights and its SHA-256. torch-fidelity unpickles it: no other bytes may ever reach it.

    Errors: DataError when it is missing, or another file than the published one.
    """
    if (path := find_data(PATH)) is None:
        raise DataError(f"extractor inception: its weights are missing. Put {URL} at {data_root() / PATH} (91 MB).")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(BEGINS):
        raise DataError(
            f"extractor inception: {path} is not the published file and is not opened: its SHA-256 begins with "
            f"{digest[:8]}, not {BEGINS}. Delete it, and put {URL} there."
        )
    return path, digest
