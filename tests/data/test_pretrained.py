"""Frozen networks with weights by name and SHA-256: what is read, what is refused, what is saved."""

from __future__ import annotations

import copy
import hashlib
import pickle
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import nn

from ganzoo import DataError, IncompatibleError, Pretrained
from ganzoo.data import pretrained

VALUES = torch.tensor([[1.0, 2.0], [3.0, 4.0]])


def network() -> nn.Linear:
    return nn.Linear(2, 2, bias=False)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Weights in the data folder: their name and digest."""
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    content = safetensors.torch.save({"weight": VALUES, "head.weight": torch.zeros(3)})
    (tmp_path / "linear.safetensors").write_bytes(content)
    return "linear.safetensors", hashlib.sha256(content).hexdigest()


def test_weights_are_read_at_the_first_call_and_frozen(file: tuple[str, str]) -> None:
    frozen = Pretrained(network(), *file)
    (inner,) = frozen.hidden
    assert not torch.equal(inner.weight, VALUES)  # type: ignore[arg-type]
    x = torch.tensor([[1.0, 1.0]], requires_grad=True)
    y = frozen(x)
    assert y.tolist() == [[3, 7]]
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[4, 6]]
    assert not inner.weight.requires_grad  # type: ignore[union-attr]


def test_it_stays_in_evaluation_mode() -> None:
    frozen = Pretrained(nn.BatchNorm1d(2))
    nn.Sequential(frozen).train()
    before = frozen.network.running_mean.clone()  # type: ignore[union-attr, operator]
    frozen(torch.randn(5, 2))
    assert torch.equal(frozen.network.running_mean, before)  # type: ignore[arg-type]


def test_named_weights_are_no_part_of_the_state_and_initial_ones_are(file: tuple[str, str]) -> None:
    named = Pretrained(network(), *file)
    assert not named.state_dict() and not [*named.parameters()] and len([*named.modules()]) == 1
    assert [*Pretrained(network()).state_dict()] == ["network.weight"]
    assert named.double().hidden[0].weight.dtype is torch.float64  # moved with the discriminator
    twin = copy.deepcopy(named)
    assert twin.hidden[0] is not named.hidden[0]
    assert twin(torch.ones(1, 2).double()).tolist() == [[3, 7]]


def test_nothing_is_read_on_the_meta_device() -> None:
    with torch.device("meta"):
        frozen = Pretrained(network(), "no such file", "0" * 64)
        assert frozen(torch.zeros(3, 2)).shape == (3, 2)


def test_another_file_is_refused_by_its_digest(file: tuple[str, str]) -> None:
    name, digest = file
    with pytest.raises(DataError, match=rf"linear.safetensors is not opened: its SHA-256 is {digest}, not 0+\. Put"):
        Pretrained(network(), name, "0" * 64)(torch.zeros(1, 2))
    for wrong in ("", digest[:-1], digest.upper()):
        with pytest.raises(IncompatibleError, match="need their SHA-256, 64 hexadecimal digits"):
            Pretrained(network(), name, wrong)


def test_a_missing_file_and_weights_of_another_network_are_one_line(file: tuple[str, str], tmp_path: Path) -> None:
    for made, reason in (
        (lambda: Pretrained(network(), "none.safetensors", "0" * 64), r"none.safetensors cannot be read: No such file"),
        (lambda: Pretrained(nn.Linear(2, 2), *file), r"weights of another network: it has no bias\. Name"),
        (lambda: Pretrained(nn.Linear(2, 3, bias=False), *file), r"another network: .*size mismatch for weight"),
    ):
        with pytest.raises(DataError, match=reason) as refused:
            made()(torch.zeros(1, 2))
        assert "\n" not in str(refused.value)


def test_nothing_is_unpickled(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "exploded",)

    for content in (pickle.dumps(Bomb()), b"PK\x03\x04"):
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"no safetensors file.*Convert"):
            Pretrained(network(), str(path), hashlib.sha256(content).hexdigest())(torch.zeros(1, 2))
    assert not (tmp_path / "exploded").exists()


def test_a_download_is_kept_only_with_the_right_digest(
    file: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (tmp_path / file[0]).read_bytes()
    asked = []

    def download(url: str, path: Path, progress: Any) -> None:
        asked.append(url)
        path.write_bytes(content if url.endswith("good") else b"other")

    monkeypatch.setattr(pretrained, "download", download)
    with pytest.raises(DataError, match=r"https://example.org/bad is not used: its SHA-256 is"):
        Pretrained(network(), "https://example.org/bad", file[1])(torch.zeros(1, 2))
    assert not [*(tmp_path / "pretrained").iterdir()]
    for _ in range(2):  # downloaded once
        assert Pretrained(network(), "https://example.org/good", file[1])(torch.ones(1, 2)).tolist() == [[3, 7]]
    assert asked == ["https://example.org/bad", "https://example.org/good"]
    with pytest.raises(DataError, match="by https only"):
        Pretrained(network(), "http://example.org/good", file[1])(torch.zeros(1, 2))
