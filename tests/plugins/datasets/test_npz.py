"""Arrays from one .npz file: all layouts are read, everything else is rejected in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.npz import Npz

IMAGES = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)  # (N, H, W, C)


def written(folder: Path, **arrays: object) -> str:
    path = folder / "arrays.npz"
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path)


def test_images_with_channels_last_as_sampling_writes_them(tmp_path: Path) -> None:
    dataset = Npz(written(tmp_path, images=IMAGES, labels=np.array([2, 0])))
    assert (dataset.spec.shape, dataset.spec.classes, dataset.class_names) == ((3, 4, 5), 3, ("0", "1", "2"))
    assert torch.equal(dataset.tensors()["x"], torch.from_numpy(IMAGES).permute(0, 3, 1, 2))
    assert dataset.tensors()["x"].dtype == torch.uint8
    assert dataset.tensors()["y"].tolist() == [2, 0] and dataset.tensors()["y"].dtype == torch.int64
    assert len(dataset) == 2 and dataset[1]["y"].item() == 0
    assert torch.equal(dataset[1]["x"], dataset.tensors()["x"][1])


def test_images_with_channels_first(tmp_path: Path) -> None:
    dataset = Npz(written(tmp_path, x=IMAGES.transpose(0, 3, 1, 2)))
    assert dataset.spec.shape == (3, 4, 5) and dataset.spec.classes == 0
    assert torch.equal(dataset.tensors()["x"], torch.from_numpy(IMAGES).permute(0, 3, 1, 2))


def test_grey_images_without_a_channel_axis(tmp_path: Path) -> None:
    dataset = Npz(written(tmp_path, x=IMAGES[..., 0], y=np.array([0, 1], np.uint8)))
    assert dataset.spec.shape == (1, 4, 5) and dataset.spec.classes == 2
    assert torch.equal(dataset.tensors()["x"][:, 0], torch.from_numpy(IMAGES[..., 0]))


def test_features_pass_through(tmp_path: Path) -> None:
    features = np.array([[0.5, -3.0], [7.25, 1e6]], np.float32)
    dataset = Npz(written(tmp_path, x=features))
    assert dataset.spec.shape == (2,)
    assert dataset.tensors()["x"].tolist() == features.tolist()


def test_labels_of_minus_one_mean_none(tmp_path: Path) -> None:
    dataset = Npz(written(tmp_path, images=IMAGES, labels=np.array([-1, -1])))
    assert dataset.spec.classes == 0 and set(dataset[0]) == {"x"}


def test_building_one_reads_nothing(tmp_path: Path) -> None:
    dataset = Npz(str(tmp_path / "nowhere.npz"))
    with pytest.raises(DataError, match=r"no file '.*nowhere\.npz', neither from .* Set path"):
        len(dataset)


def test_a_file_in_the_data_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path))
    written(tmp_path, images=IMAGES)
    assert len(Npz("arrays.npz")) == 2


WRONG: list[tuple[str, dict[str, np.ndarray]]] = [
    ("no array .* it has: pictures", {"pictures": IMAGES}),
    ("cannot read .* not of objects", {"images": np.array([{"a": 1}], dtype=object)}),
    ("features, .* got float64", {"x": np.zeros((3, 2))}),
    (r"got uint8 \(2, 4, 5, 2\)", {"x": IMAGES[..., :2]}),
    (r"got float32 \(2, 4, 5, 3\)", {"x": IMAGES.astype(np.float32)}),
    ("NaN or infinite", {"x": np.array([[np.nan]], np.float32)}),
    ("no samples", {"x": np.zeros((0, 4, 4), np.uint8)}),
    (r"integer labels \(2,\), one per sample; got int64 \(3,\)", {"x": IMAGES, "y": np.array([0, 1, 2])}),
    ("labels .* got float64", {"x": IMAGES, "y": np.array([0.0, 1.0])}),
    ("some labels are negative, the smallest -2", {"x": IMAGES, "y": np.array([-2, 1])}),
    ("some labels are negative, the smallest -1", {"x": IMAGES, "y": np.array([-1, 1])}),
]


@pytest.mark.parametrize(("message", "arrays"), WRONG, ids=[message for message, _ in WRONG])
def test_everything_else_is_refused(tmp_path: Path, message: str, arrays: dict[str, np.ndarray]) -> None:
    with pytest.raises(DataError, match=message):
        Npz(written(tmp_path, **arrays)).tensors()


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 cut short"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .*a\.npz"):
        Npz(str(tmp_path / "a.npz")).tensors()


def test_flipped_bytes_are_noticed(tmp_path: Path) -> None:
    path = Path(written(tmp_path, images=np.zeros((50, 8, 8), np.uint8)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DataError, match="cannot read"):
        Npz(str(path)).tensors()


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", IMAGES)
    with pytest.raises(DataError, match=r"holds a single array\. Save it by np\.savez"):
        Npz(str(tmp_path / "a.npy")).tensors()
