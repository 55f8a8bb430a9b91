"""Inception: its weights are never downloaded, never read unless they are the published ones; images are bytes."""

from __future__ import annotations

import hashlib
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganzoo import DataError, IncompatibleError, Spec
from ganzoo.errors import SetupError
from ganzoo.metrics.reference import Reference
from ganzoo_builtins.datasets.glyphs import Glyphs
from ganzoo_builtins.extractors import inception
from ganzoo_builtins.extractors.inception import PATH, Inception

IMAGES = Spec((1, 28, 28))


class Stub:
    """A replacement for torch-fidelity's network."""

    def __init__(self, name: str, features: list[str], feature_extractor_weights_path: str):
        self.asked = name, features, feature_extractor_weights_path
        self.given: list[Tensor] = []
        torch.rand(1)  # as weights are drawn first

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        self.given.append(x)
        return x.float().mean((2, 3)), x.float().amax((2, 3))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def file(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a file that has the expected digest."""
    path = root / PATH
    path.parent.mkdir()
    path.write_bytes(b"weights")
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(b"weights").hexdigest())
    return path


@pytest.fixture
def prepared(file: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(inception, "network", lambda: Stub)
    extractor = Inception()
    before = torch.get_rng_state()
    extractor.prepare(Reference.from_dataset(Glyphs(n=12)))
    assert torch.equal(torch.get_rng_state(), before)
    return extractor


def test_without_torch_fidelity_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity.feature_extractor_inceptionv3", None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[fidelity\]'"):
        Inception().check(IMAGES)


def test_a_missing_file_is_told_with_where_it_comes_from_and_goes_to(root: Path) -> None:
    pytest.importorskip("torch_fidelity")
    with pytest.raises(DataError) as caught:
        Inception().check(IMAGES)
    assert "Type `ganzoo data get inception`" in caught.value.message
    assert f"put {inception.URL} at {root / PATH}" in caught.value.message
    assert not list(root.iterdir())


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return sys.exit, ("it was unpickled",)


def test_another_file_is_never_opened(root: Path) -> None:
    pytest.importorskip("torch_fidelity")
    (root / PATH).parent.mkdir()
    (root / PATH).write_bytes(pickle.dumps(Bomb()))
    for reach in (lambda: Inception().check(IMAGES), lambda: Inception().prepare(Reference.from_dataset(Glyphs(n=12)))):
        with pytest.raises(DataError, match=r"not the published file and is not opened: its SHA-256 is"):
            reach()


def test_its_weights_are_fetched_by_their_digest() -> None:
    (source,) = Inception().sources()
    assert source.path == PATH and source.urls == (inception.URL,)
    assert source.sha256 == inception.SHA256 and inception.FILE.endswith(f"-{inception.SHA256[:8]}.pth")


def test_what_is_asked_of_torch_fidelity(prepared: Any, file: Path) -> None:
    assert prepared.net.asked == ("inception-v3-compat", ["2048", "logits_unbiased"], str(file))
    assert prepared.digest == hashlib.sha256(b"weights").hexdigest()


def test_torch_fidelity_has_what_is_asked_of_it() -> None:
    pytest.importorskip("torch_fidelity")
    provided = inception.network().get_provided_features_list()
    assert {"2048", "logits_unbiased"} <= {*provided}


def test_grey_becomes_colour_and_numbers_become_bytes(prepared: Any) -> None:
    x = torch.tensor([-1.0, -0.5, 0.0, 1.0, 1.5]).view(5, 1, 1, 1).expand(5, 1, 8, 8)
    features = prepared.features(x)
    (given,) = prepared.net.given
    assert given.shape == (5, 3, 8, 8) and given.dtype == torch.uint8
    assert given[:, :, 3, 3].tolist() == [[n] * 3 for n in (0, 64, 128, 255, 255)]
    assert features.tolist() == [[n] * 3 for n in (0, 64, 128, 255, 255)]
    assert prepared.logits(x).shape == (5, 3)


def test_colours_stay_in_order_and_many_images_are_read_in_parts(prepared: Any) -> None:
    x = torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(120, 3, 8, 8)
    assert prepared.features(x).tolist() == [[0, 128, 255]] * 120
    assert [len(part) for part in prepared.net.given] == [50, 50, 20]


@pytest.mark.parametrize("spec", [Spec((2,)), Spec((20,), vocab=9), Spec((2, 28, 28))])
def test_what_it_cannot_look_at(spec: Spec) -> None:
    with pytest.raises(IncompatibleError, match="colour or grey images"):
        Inception().check(spec)
