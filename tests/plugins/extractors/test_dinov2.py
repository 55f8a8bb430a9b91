"""DINOv2: its file is read by a digest that somebody gave, its network by timm, and nothing is fetched."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from ganzoo import DataError, IncompatibleError, SetupError, Spec
from ganzoo.metrics.reference import Reference
from ganzoo_builtins.datasets.glyphs import Glyphs
from ganzoo_builtins.extractors import dinov2
from ganzoo_builtins.extractors.dinov2 import DINOv2, normalised

IMAGES = Spec((3, 32, 32))


class Colours(nn.Module):
    """A replacement for the transformer: the mean colour, times a weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(1))

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3)) * self.weight


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Calls of a replacement for timm."""
    calls: list[Any] = []

    def create_model(name: str, **settings: Any) -> nn.Module:
        calls.append((name, settings))
        return Colours()

    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=create_model))  # type: ignore[arg-type]
    return calls


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write a file of weights; return its digest."""
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    (tmp_path / "dinov2").mkdir()
    content = safetensors.torch.save({"weight": torch.tensor([2.0])})
    (tmp_path / "dinov2/base.safetensors").write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def test_without_timm_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[dinov2\]'"):
        DINOv2().check(IMAGES)


def test_a_digest_is_asked_for(asked: list[Any], digest: str) -> None:
    with pytest.raises(DataError, match=r"Set extractor\.sha256 to the 64 digits"):
        DINOv2().check(IMAGES)


def test_a_missing_file_is_told_with_where_it_comes_from_and_goes_to(
    asked: list[Any], digest: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        DINOv2(size="large", sha256=digest).check(IMAGES)
    assert "https://huggingface.co/timm/vit_large_patch14_dinov2.lvd142m" in caught.value.message
    assert str(tmp_path / "dinov2/large.safetensors") in caught.value.message


def test_another_file_is_never_opened(asked: list[Any], digest: str, tmp_path: Path) -> None:
    (tmp_path / "dinov2/base.safetensors").write_bytes(b"another")
    extractor = DINOv2(sha256=digest)
    for reach in (
        lambda: extractor.check(IMAGES),
        lambda: extractor.prepare(Reference.from_dataset(Glyphs(n=12))),
    ):
        with pytest.raises(DataError, match="is not opened: its SHA-256 is"):
            reach()
    assert not asked


def test_weights_of_another_network_are_refused(asked: list[Any], tmp_path: Path, digest: str) -> None:
    content = safetensors.torch.save({"head.weight": torch.zeros(1)})
    (tmp_path / "other.safetensors").write_bytes(content)
    extractor = DINOv2(weights="other.safetensors", sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(DataError, match="weights of another network: it has no weight"):
        extractor.prepare(Reference.from_dataset(Glyphs(n=12)))


def test_the_network_is_built_without_a_download_and_gets_the_weights(asked: list[Any], digest: str) -> None:
    extractor = DINOv2(sha256=digest)
    before = torch.get_rng_state()
    extractor.prepare(Reference.from_dataset(Glyphs(n=12)))
    assert torch.equal(torch.get_rng_state(), before)
    assert asked == [
        ("vit_base_patch14_dinov2.lvd142m", {"pretrained": False, "num_classes": 0, "dynamic_img_size": True})
    ]
    assert extractor.digest == digest
    white = extractor.features(torch.ones(1, 3, 8, 8))
    torch.testing.assert_close(white, 2 * (1 - torch.tensor([dinov2.MEAN])) / torch.tensor([dinov2.STD]))


def test_grey_becomes_colour_and_the_networks_size() -> None:
    y = normalised(-torch.ones(2, 1, 8, 8))
    assert y.shape == (2, 3, 224, 224)
    torch.testing.assert_close(y[:, :, 5, 5], (-torch.tensor(dinov2.MEAN) / torch.tensor(dinov2.STD)).expand(2, 3))


@pytest.mark.parametrize("spec", [Spec((2,)), Spec((20,), vocab=9), Spec((2, 28, 28))])
def test_what_it_cannot_look_at(spec: Spec) -> None:
    with pytest.raises(IncompatibleError, match="colour or grey images"):
        DINOv2().check(spec)


def test_timm_has_the_network(tmp_path: Path) -> None:
    """With random weights, as nobody fetches the published ones here: features are those of the class token."""
    timm = pytest.importorskip("timm")
    torch.manual_seed(0)
    network = timm.create_model("vit_small_patch14_dinov2.lvd142m", num_classes=0, dynamic_img_size=True).eval()
    content = safetensors.torch.save(network.state_dict())
    (tmp_path / "small.safetensors").write_bytes(content)
    extractor = DINOv2("small", str(tmp_path / "small.safetensors"), hashlib.sha256(content).hexdigest())
    extractor.prepare(Reference.from_dataset(Glyphs(n=12)))
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        expected = network.forward_features(normalised(x))[:, 0]
    torch.testing.assert_close(extractor.features(x), expected, rtol=1e-4, atol=1e-4)
    assert expected.shape == (2, 384)
