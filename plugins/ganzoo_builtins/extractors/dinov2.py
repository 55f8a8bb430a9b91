"""DINOv2: vision transformers trained without labels, by timm, with weights from a safetensors file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from ganzoo import (
    DataError,
    Extractor,
    IncompatibleError,
    Pretrained,
    Reference,
    SetupError,
    Spec,
    data_root,
    find_data,
    preserve_rng,
)
from ganzoo_builtins.extractors.classifier import apply_in_chunks

Size = Literal["small", "base", "large"]
FOLDER = "dinov2"  # below the data root
SIDE = 224  # pixels that images are brought to: 16 patches of 14
MEAN = (0.485, 0.456, 0.406)  # of ImageNet's colours in [0, 1], as in training
STD = (0.229, 0.224, 0.225)
CHUNK = 16  # images passed through the network at a time
DIGEST = re.compile(r"[0-9a-f]{64}")


class DINOv2(Extractor):
    """Features of the class token of DINOv2, of colour or grey images, for FD-DINOv2 as in arXiv:2306.04675.

    The network is timm's (the extra `dinov2`), the weights are a file that you download yourself: model.safetensors of
    timm/vit_base_patch14_dinov2.lvd142m on the Hugging Face Hub, for `base`. Its SHA-256 is compared with the one that
    you give, which the Hub shows next to the file; nothing is unpickled, and no code comes from the Hub. Images are
    brought to 224x224 by bicubic interpolation with antialiasing. Source: Oquab et al. 2023 (arXiv:2304.07193).

    Args:
        size: Size of the network: "small", "base" or "large", with 384, 768 or 1,024 features.
        weights: The file: a path, absolute or below the data root; by default dinov2/SIZE.safetensors.
        sha256: SHA-256 of the file, 64 hexadecimal digits.
    """

    def __init__(self, size: Size = "base", weights: str = "", sha256: str = ""):
        self.name = f"vit_{size}_patch14_dinov2.lvd142m"
        self.weights = weights or f"{FOLDER}/{size}.safetensors"
        self.sha256 = sha256

    def check(self, spec: Spec) -> None:
        if not spec.is_image or spec.shape[0] not in (1, 3):
            raise IncompatibleError(
                'extractor dinov2: it needs colour or grey images, and these samples are none; use "raw".'
            )
        timm()
        self._file()

    def prepare(self, reference: Reference) -> None:
        self.check(reference.real.dataset.spec)
        with preserve_rng():  # building a network draws its initial weights
            network = timm().create_model(self.name, pretrained=False, num_classes=0, dynamic_img_size=True)
        self.net = Pretrained(network, str(self._file()), self.sha256)
        self.net(torch.zeros(1, 3, SIDE, SIDE))  # reads the weights, of which some may be missing
        self.digest = self.sha256

    def features(self, x: Tensor) -> Tensor:
        return apply_in_chunks(lambda part: self.net(normalised(part)), x, CHUNK)

    def _file(self) -> Path:
        """Return the file of weights, after comparing its digest. Raises DataError."""
        place = f"https://huggingface.co/timm/{self.name}"
        if not DIGEST.fullmatch(self.sha256):
            raise DataError(
                "extractor dinov2: its weights are read only if their SHA-256 is the one that you expect. Set "
                f"extractor.sha256 to the 64 digits that {place} shows next to model.safetensors."
            )
        if (path := find_data(self.weights)) is None:
            raise DataError(
                f"extractor dinov2: its weights are missing. Put model.safetensors of {place} at "
                f"{data_root() / self.weights}."
            )
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != self.sha256:
            raise DataError(
                f"extractor dinov2: {path} is not opened: its SHA-256 is {digest}, not {self.sha256}. Put the right "
                "file there, or give its digest."
            )
        return path


def normalised(x: Tensor) -> Tensor:
    """Bring images (N, 1 or 3, H, W) in [-1, 1] to the network's (N, 3, 224, 224), on the CPU."""
    x = x.float().cpu().clamp(-1, 1).expand(-1, 3, -1, -1)
    if x.shape[2:] != (SIDE, SIDE):
        x = F.interpolate(x, (SIDE, SIDE), mode="bicubic", align_corners=False, antialias=True).clamp(-1, 1)
    mean, std = (torch.tensor(numbers)[:, None, None] for numbers in (MEAN, STD))
    return ((x + 1) / 2 - mean) / std


def timm() -> Any:
    """Return the package timm.

    Returns:
        The module.

    Raises:
        SetupError: It is not installed.
    """
    try:
        import timm as package
    except ImportError:
        raise SetupError("extractor dinov2 needs timm: pip install 'ganzoo-torch[dinov2]' to use it") from None
    return package
