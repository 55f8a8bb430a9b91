"""Arrays from one .npz file: all layouts are read, everything else is rejected in one line."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from ganzoo.errors import DataError
from ganzoo_builtins.datasets import arrays
from ganzoo_builtins.datasets.npz import Npz

FLAT = np.arange(2 * 784).reshape(2, 784) % 256
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


def test_other_byte_orders_are_read(tmp_path: Path) -> None:
    features, labels = np.array([[0.5, -3.0], [7.25, 1e6]], ">f4"), np.array([0, 1], ">i2")
    dataset = Npz(written(tmp_path, x=features, y=labels))
    assert dataset.tensors()["x"].tolist() == features.tolist()
    assert dataset.tensors()["y"].tolist() == [0, 1]


def test_token_ids_have_texts_or_a_remark(tmp_path: Path) -> None:
    ids = np.array([[0, 2, 1], [3, 0, 0]])
    dataset = Npz(written(tmp_path, x=ids))
    assert dataset.spec.vocab == 4 and dataset.tensors()["x"].tolist() == ids.tolist()
    (remark,) = dataset.remarks()
    assert remark.startswith("its integers (2, 3) are read as token ids, 4 of them. If they are pixels, save")
    small = Npz(written(tmp_path, x=ids.astype(np.uint8), words=np.array(list("abcde"))))
    assert small.spec.vocab == 5 and small.tensors()["x"].tolist() == ids.tolist() and small.remarks() == []


@pytest.mark.parametrize("ids", [np.arange(128).reshape(2, 64) * 3, np.arange(40).reshape(4, 10), FLAT % 2])
def test_integers_that_do_not_look_like_pixels_or_have_texts_are_token_ids(tmp_path: Path, ids: np.ndarray) -> None:
    words = {} if ids.shape[1] != 784 else {"words": np.array(["a", "b"])}
    assert Npz(written(tmp_path, x=ids, **words)).tensors()["x"].tolist() == ids.tolist()


@pytest.mark.parametrize("labels", [[0, 99], [*range(100), 999], [1, 2], np.array([3, 0], np.uint64)])
def test_some_numbers_of_classes_may_be_missing(tmp_path: Path, labels: list[int]) -> None:
    dataset = Npz(written(tmp_path, x=np.zeros((len(labels), 4, 4), np.uint8), y=np.array(labels)))
    assert dataset.spec.classes == len(dataset.class_names) == max(labels) + 1
    assert dataset.tensors()["y"].tolist() == [int(label) for label in labels]


FAR: list[tuple[str, object]] = [
    ("go up to 1,099,511,627,776 but only 1 differ", np.array([2**40, 2**40])),
    ("go up to 18,446,744,073,709,551,615 but only 2 differ", np.array([0, 2**64 - 1], np.uint64)),
    ("go up to 2,024 but only 2 differ", np.array([1999, 2024], np.int16)),
    ("go up to 100 but only 2 differ", np.array([0, 100], np.uint8)),
]


@pytest.mark.parametrize(("message", "labels"), FAR, ids=[message for message, _ in FAR])
def test_labels_that_are_ids_or_years_are_refused(tmp_path: Path, message: str, labels: np.ndarray) -> None:
    remedy = r"number them from 0, e\.g\. numpy\.unique\(labels, return_inverse=True\)\[1\]"
    dataset = Npz(written(tmp_path, images=IMAGES, labels=labels))
    with pytest.raises(DataError, match=rf"arrays\.npz: labels {message}: {remedy}"):
        _ = dataset.class_names


def test_a_class_for_each_of_very_many_samples_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MOST_CLASSES", 1)
    with pytest.raises(DataError, match="labels of 2 classes, more than 1"):
        _ = Npz(written(tmp_path, images=IMAGES, labels=np.array([1, 0]))).class_names


def test_token_ids_far_apart_are_refused(tmp_path: Path) -> None:
    ids = np.array([[7, 2**31 - 1]])
    with pytest.raises(DataError, match=r"token ids go up to 2,147,483,647 but only 2 differ: .*unique\(x, return_in"):
        _ = Npz(written(tmp_path, x=ids)).spec


RGBA = np.zeros((2, 4, 4, 4), np.uint8)
WRONG: list[tuple[str, dict[str, np.ndarray]]] = [
    (
        r'no array .* it has: y_train, x_train\. .* numpy\.load\("arrays\.npz"\); numpy\.savez\("named\.npz", '
        r'images=file\["x_train"\], labels=file\["y_train"\]\)',
        {"y_train": np.array([0, 1]), "x_train": IMAGES},
    ),
    (r'images=file\["arr_0"\], labels=file\["arr_1"\]', {"arr_0": IMAGES, "arr_1": np.array([0, 1])}),
    ("it has: labels. Name one of them so", {"labels": np.array([0, 1])}),
    ("cannot read .* not of objects: .* numpy.stack", {"images": np.array([{"a": 1}], dtype=object)}),
    (r"got float64 \(3, 2\)\. Convert them: x\.astype\(numpy\.float32\)", {"x": np.zeros((3, 2))}),
    (r"got float64 \(3,\)\. One number .*: x\[:, None\]\.astype\(numpy\.float32\)", {"x": np.zeros(3)}),
    (r"got uint8 \(2, 4, 4, 4\)\. Leave the transparency out: x\[\.\.\., :3\]", {"x": RGBA}),
    (r"Leave the transparency out: images\[:, :1\]", {"images": np.zeros((2, 2, 5, 6), np.uint8)}),
    (r"got float32 \(\)\. It is a single number: save an array of samples", {"images": np.float32(3)}),
    (r"got uint8 \(1, 1, 2, 2, 2\)\. Take .*reshape\(-1, 2, 2, 2\)", {"images": np.zeros((1, 1, 2, 2, 2), np.uint8)}),
    (r"one or three of the channels", {"images": np.zeros((2, 5, 5, 5), np.uint8)}),
    (r"pixels: \(x \* 255\)\.round\(\)\.astype\(numpy\.uint8\)", {"x": IMAGES / 255}),
    (r"pixels: \(\(x \+ 1\) \* 127\.5\)\.round", {"x": (IMAGES / 127.5 - 1).astype(np.float16)}),
    (r"pixels: x\.astype\(numpy\.uint8\)", {"x": IMAGES.astype(np.int64)}),
    (r"pixels: x\.astype\(numpy\.uint8\) \* 255", {"x": IMAGES > 9}),
    (r"pixels: \(x / 30583 \* 255\)\.round\(\)", {"x": IMAGES.astype(np.uint16) * 257}),
    (r"reshape them: x\.reshape\(-1, 28, 28\)\. If they are token ids.*\"words\"", {"x": FLAT.astype(np.uint8)}),
    (r"If they are token ids, convert them: x\.astype\(numpy\.int64\)", {"x": np.zeros((3, 10), np.uint8)}),
    (r"x\.reshape\(-1, 3, 32, 32\)\.", {"x": np.zeros((2, 3072), np.uint8)}),
    (r"If it is a single image, x\[None\]", {"x": np.zeros((16, 16), np.uint8)}),
    (
        r"integers \(2, 784\) from 0 to 255 look like flat images\. "
        r".*: x\.astype\(numpy\.uint8\)\.reshape\(-1, 28, 28\)"
        r'\. If they are token ids, save their texts, too, as "words"',
        {"x": FLAT},
    ),
    (
        r"look like flat images\. .* x\.astype\(numpy\.uint8\)\.reshape\(-1, 3, 8, 8\)",
        {"x": np.zeros((2, 192), np.uint16)},
    ),
    (
        r"look like flat images\. .* single image, x\.astype\(numpy\.uint8\)\[None\]",
        {"x": np.zeros((50, 50), np.int32)},
    ),
    (r"reshape them: \(x\.astype\(numpy\.uint8\) \* 255\)\.reshape\(-1, 28, 28\)", {"x": FLAT > 9}),
    ("NaN or infinite", {"x": np.array([[np.nan]], np.float32)}),
    ("no samples", {"x": np.zeros((0, 4, 4), np.uint8)}),
    (r"integer labels \(2,\), one per sample; got int64 \(3,\)", {"x": IMAGES, "y": np.array([0, 1, 2])}),
    (r"got float64 \(2,\)\. Convert them: y\.astype\(numpy\.int64\)", {"x": IMAGES, "y": np.array([0.0, 1.0])}),
    (r"got <U3 .* numpy\.unique\(y, return_inverse=True\)\[1\]", {"x": IMAGES, "y": np.array(["cat", "dog"])}),
    (r"got int64 \(2, 1\)\. .* labels\.squeeze\(\)", {"x": IMAGES, "labels": np.array([[0], [1]])}),
    (
        r"got int64 \(2, 3\)\. If they are one-hot, labels\.argmax\(1\)",
        {"x": IMAGES, "labels": np.eye(2, 3, dtype=int)},
    ),
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


def test_videos_and_arrays_of_one_number_are_told_what_they_are(tmp_path: Path) -> None:
    for array, remedy in (
        (
            np.zeros((2, 7, 4, 5, 3), np.uint8),
            "Take one axis for the samples: images.reshape(-1, 4, 5, 3), where these",
        ),
        (np.full((2, 8, 8), -1, np.int16), "All of its values are -1: save the pictures themselves."),
    ):
        np.savez(tmp_path / "a.npz", images=array)
        with pytest.raises(DataError, match=re.escape(remedy)):
            len(Npz(str(tmp_path / "a.npz")))
