"""The dataset `webdataset`, on shards that the library of that name writes."""

from __future__ import annotations

import io
import pickle
import tarfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.webdataset import WebDataset
from helpers.order import check_order, streamed

__all__ = ["streamed"]

N = 14


def picture(shade: int) -> Image.Image:
    return Image.new("RGB", (4, 4), (shade, 2 * shade, 0))


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """N samples in two shards, as ShardWriter of the library writes them, with a pickle among their files."""
    webdataset = pytest.importorskip("webdataset")
    folder = tmp_path / "shards"
    folder.mkdir()
    with webdataset.ShardWriter(str(folder / "%02d.tar"), maxcount=9, verbose=0) as writer:
        for i in range(N):
            sample = {"png": picture(i), "cls": i % 3, "json": {"label": f"kind {i % 2}"}, "pyd": {"a": 1}}
            writer.write({"__key__": f"part/{i:03}.photo"[:8], **sample})
    return folder


def test_pixels_and_labels_are_those_that_were_written(shards: Path) -> None:
    dataset = WebDataset(str(shards), size=4)
    assert (len(dataset), dataset.spec.shape, dataset.class_names) == (N, (3, 4, 4), ("0", "1", "2"))
    for i in range(N):
        assert dataset[i]["x"].flatten(1).unique(dim=1).T.tolist() == [[i, 2 * i, 0]]
        assert dataset[i]["y"] == i % 3
    assert dataset.example_name(10) == "01.tar/part/010"
    assert WebDataset(str(shards), label="json").class_names == ("kind 0", "kind 1")
    assert WebDataset(str(shards), label="json").all_labels().tolist() == [i % 2 for i in range(N)]  # type: ignore[union-attr]
    assert WebDataset(str(shards), label="none").class_names == ()


def test_the_order_is_that_of_the_seed_and_a_resume_continues_it(shards: Path, streamed: None) -> None:
    dataset = WebDataset(str(shards), size=4)
    check_order(dataset, lambda x: round((x[0, 0, 0].item() + 1) * 127.5))
    assert pickle.loads(pickle.dumps(dataset))[5]["x"][0, 0, 0] == 5


def tar(path: Path, files: dict[str, bytes], mode: Any = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def png(shade: int) -> bytes:
    file = io.BytesIO()
    picture(shade).save(file, "PNG")
    return file.getvalue()


def test_samples_without_a_picture_are_counted_and_those_without_a_label_refused(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"0.png": png(1), "0.cls": b"0", "1.txt": b"no picture", "2.png": png(2)})
    dataset = WebDataset(str(path), size=4, label="none")
    assert len(dataset) == 2
    assert dataset.remarks() == ["1 of 3 samples has no picture and was left alone"]
    with pytest.raises(DataError, match=r"1 of 2 samples of .* have no \.cls, such as 2"):
        _ = WebDataset(str(path), size=4).class_names


def test_compressed_cut_off_and_empty_shards_are_refused(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"0.png": png(1)}, "w:gz")
    with pytest.raises(DataError, match=r"no tar file that can be read by index.*gunzip"):
        len(WebDataset(str(path)))
    path = tar(tmp_path / "b.tar", {"0.txt": b"no picture"})
    with pytest.raises(DataError, match=r"has no pictures .*Set image to their suffix"):
        len(WebDataset(str(path)))
    path = tar(tmp_path / "c.tar", {"0.png": png(1)})
    dataset = WebDataset(str(path))
    assert len(dataset) == 1
    path.write_bytes(path.read_bytes()[:530])
    with pytest.raises(DataError, match=r"c\.tar was cut off"):
        dataset[0]


def test_a_header_of_a_declared_gigabyte_is_not_read(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", {"0.png": png(1)})
    info = tarfile.TarInfo("long")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 2**30
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + path.read_bytes())
    with pytest.raises(DataError, match="one of its headers is too long"):
        len(WebDataset(str(path)))


def test_the_fingerprint_follows_the_shards_and_the_labels(shards: Path, streamed: None) -> None:
    prints = {WebDataset(str(shards)).fingerprint(), WebDataset(str(shards), label="json").fingerprint()}
    (shards / "02.tar").write_bytes((shards / "00.tar").read_bytes())
    assert len(prints | {WebDataset(str(shards)).fingerprint()}) == 3
