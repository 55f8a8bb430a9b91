"""Inception v3 as published in 2015, the network of FID and the Inception Score."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ganzoo import (
    DataError,
    Extractor,
    IncompatibleError,
    Reference,
    SetupError,
    Source,
    Spec,
    data_root,
    find_data,
    preserve_rng,
)
from ganzoo_builtins.extractors.classifier import apply_in_chunks

FILE = "weights-inception-2015-12-05-6726825d.pth"
PATH = f"inception/{FILE}"  # relative to the data root
URL = f"https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/{FILE}"
SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"  # it begins as the name ends
CHUNK = 50  # images passed through the network at a time, enlarged to 299x299


class Inception(Extractor):
    """The 2,048 features after the last pooling layer and the 1,008 logits without bias, of colour or grey images.

    The network, and its resizing in the manner of TensorFlow 1, are those of torch-fidelity (the extra `fidelity`). It
    was trained on photographs and classifies them by ImageNet's classes; for digits, a referee is better.
    Source: Szegedy et al. 2015 (arXiv:1512.00567), Heusel et al. 2017 (arXiv:1706.08500).
    """

    classifies = "others"

    def sources(self) -> Sequence[Source]:
        return (Source(PATH, (URL,), sha256=SHA256),)

    def check(self, spec: Spec) -> None:
        if not spec.is_image or spec.shape[0] not in (1, 3):
            raise IncompatibleError(
                'extractor inception: it needs colour or grey images, and these samples are none; use "raw".'
            )
        network()
        weights()

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        path, digest = weights()
        self.digest = digest
        with preserve_rng():  # building a network draws its initial weights
            self.net = network()(
                "inception-v3-compat", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(path)
            )

    def features(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self.net(as_bytes(part))[0], x, CHUNK)

    def logits(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self.net(as_bytes(part))[1], x, CHUNK)


def as_bytes(x: Tensor) -> Tensor:
    """Convert images (N, 1 or 3, H, W) in [-1, 1] to uint8 (N, 3, H, W), on the CPU."""
    return ((x.cpu() + 1) * 127.5).round().clamp(0, 255).byte().expand(-1, 3, -1, -1)


def network() -> Any:
    """Return the network class of torch-fidelity.

    Returns:
        The class.

    Raises:
        SetupError: torch-fidelity is not installed.
    """
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except ImportError:
        raise SetupError(
            "extractor inception needs torch-fidelity: pip install 'ganzoo-torch[fidelity]' to use it"
        ) from None
    return FeatureExtractorInceptionV3


def weights() -> tuple[Path, str]:
    """Find the weights and verify them: torch-fidelity unpickles the file, so no other file may be opened.

    Returns:
        The file and its SHA-256.

    Raises:
        DataError: The file is missing, or is not the published one.
    """
    if (path := find_data(PATH)) is None:
        raise DataError(
            "extractor inception: its weights are missing (91 MB). Type `ganzoo data get inception`, or put "
            f"{URL} at {data_root() / PATH}."
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise DataError(
            f"extractor inception: {path} is not the published file and is not opened: its SHA-256 is {digest}, not "
            f"{SHA256}. Type `ganzoo data get inception`."
        )
    return path, digest
