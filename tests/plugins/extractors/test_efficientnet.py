"""EfficientNet-lite0: no other file is opened, the network is the published one, images are brought to its size."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import pickle
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganzoo import DataError, IncompatibleError, SetupError, Spec
from ganzoo.metrics.reference import Reference
from ganzoo_builtins.datasets.glyphs import Glyphs
from ganzoo_builtins.extractors import efficientnet
from ganzoo_builtins.extractors.efficientnet import EfficientNet, resized
from ganzoo_builtins.extractors.efficientnet_lite import ConvNorm, EfficientNetLite, renamed

PHOTOGRAPHS = Spec((3, 32, 32))
IN_FILE = {  # names of the published file that stand for its kinds
    "_conv_stem.weight": "stem.conv.weight",
    "_bn0.running_var": "stem.norm.running_var",
    "_blocks.0._depthwise_conv.weight": "blocks.0.depthwise.conv.weight",
    "_blocks.15._expand_conv.weight": "blocks.15.expand.conv.weight",
    "_blocks.15._bn0.bias": "blocks.15.expand.norm.bias",
    "_blocks.15._bn1.bias": "blocks.15.depthwise.norm.bias",
    "_blocks.15._bn2.bias": "blocks.15.project.norm.bias",
    "_conv_head.weight": "head.conv.weight",
    "_bn1.num_batches_tracked": "head.norm.num_batches_tracked",
    "_fc.bias": "classifier.bias",
}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the package into a temporary folder, without its file of weights."""
    path = tmp_path / efficientnet.FILE
    path.parent.mkdir()
    found = ModuleSpec(efficientnet.PACKAGE, None, is_package=True)
    found.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: found)
    return path


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return sys.exit, ("it was unpickled",)


def test_without_the_package_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[photographs\]'"):
        EfficientNet().check(PHOTOGRAPHS)


def test_another_file_is_never_opened(file: Path) -> None:
    file.write_bytes(pickle.dumps(Bomb()))
    for reach in (
        lambda: EfficientNet().check(PHOTOGRAPHS),
        lambda: EfficientNet().prepare(Reference.from_dataset(Glyphs(n=12))),
    ):
        with pytest.raises(DataError, match="not the published file and is not opened: its SHA-256 is"):
            reach()


def test_a_file_of_the_right_digest_runs_no_code(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if somebody published a hostile file under a digest, tensors alone would be read."""
    torch.save(Bomb(), file)
    monkeypatch.setattr(efficientnet, "SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
        EfficientNet().prepare(Reference.from_dataset(Glyphs(n=12)))


def test_a_missing_file_is_told(file: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        EfficientNet().check(PHOTOGRAPHS)


@pytest.mark.parametrize("spec", [Spec((2,)), Spec((20,), vocab=9), Spec((2, 28, 28))])
def test_what_it_cannot_look_at(spec: Spec) -> None:
    with pytest.raises(IncompatibleError, match="colour or grey images"):
        EfficientNet().check(spec)


def test_the_number_of_weights_is_the_published_one() -> None:
    """4.65 million, of 16 blocks, in the shapes of the published file."""
    net = EfficientNetLite()
    assert sum(parameter.numel() for parameter in net.parameters()) == 4_652_008
    assert len(net.blocks) == 16 and len(net.state_dict()) == 296
    assert {*IN_FILE.values()} <= net.state_dict().keys()


def test_names_of_the_file() -> None:
    tensors = {name: torch.tensor(float(i)) for i, name in enumerate(IN_FILE)}
    assert renamed(tensors) == {IN_FILE[name]: tensor for name, tensor in tensors.items()}


def test_padding_is_that_of_tensorflow() -> None:
    """An even side and a stride of 2: the odd pixel is padded at the end, where PyTorch would pad the beginning."""
    layer = ConvNorm(1, 1, 3, stride=2, linear=True).eval()
    nn.init.zeros_(layer.conv.weight)
    with torch.no_grad():
        layer.conv.weight[0, 0, 0, 0] = 1  # the upper left pixel of each window
    x = torch.arange(16.0).view(1, 1, 4, 4)
    expected = torch.tensor([[0.0, 2.0], [8.0, 10.0]]) / (1 + 1e-3) ** 0.5
    torch.testing.assert_close(layer(x)[0, 0], expected)


def test_images_become_what_the_network_was_trained_on() -> None:
    """Bytes less 127, divided by 128: 0 and 255 become -127/128 and 1; grey gets three channels."""
    x = torch.tensor([-1.0, 1.0]).view(2, 1, 1, 1).expand(2, 1, 8, 8)
    y = resized(x)
    assert y.shape == (2, 3, 224, 224)
    torch.testing.assert_close(y[0], torch.full_like(y[0], -127 / 128))
    torch.testing.assert_close(y[1], torch.ones_like(y[1]))


def test_the_published_weights() -> None:
    """All of them are loaded; features are the same in a batch and alone, and the logits are a layer of them."""
    if importlib.util.find_spec(efficientnet.PACKAGE) is None:
        pytest.skip("the extra photographs is not installed")
    extractor = EfficientNet()
    extractor.prepare(Reference.from_dataset(Glyphs(n=12)))
    assert extractor.digest == efficientnet.SHA256
    x = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1
    features = extractor.features(x)
    assert features.shape == (3, 1280) and extractor.logits(x).shape == (3, 1000)
    torch.testing.assert_close(features[:1], extractor.features(x[:1]), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        features @ extractor.net.classifier.weight.T + extractor.net.classifier.bias,
        extractor.logits(x),
        rtol=1e-4,
        atol=1e-4,
    )
    content = torch.load(io.BytesIO(efficientnet.content()), weights_only=True)
    assert torch.equal(extractor.net.stem.conv.weight, content["_conv_stem.weight"])
