"""The dataset `parquet`, on files that pyarrow writes."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.parquet import Parquet
from helpers.order import check_order, streamed

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

__all__ = ["streamed"]

N = 14


def png(shade: int, size: tuple[int, int] = (4, 4)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, (shade, 2 * shade, 0)).save(file, "PNG")
    return file.getvalue()


def write(path: Path, shades: range, metadata: dict[str, Any] | None = None, **columns: Any) -> Path:
    """Write pictures as Hugging Face does, three rows to a group."""
    pictures = [{"bytes": png(shade), "path": f"{shade}.png"} for shade in shades]
    table = pa.table({"image": pictures, **columns})
    if metadata:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=3)
    return path


def test_pixels_and_labels_are_those_that_were_written(tmp_path: Path) -> None:
    write(tmp_path / "b.parquet", range(9, N), label=[2, 1, 0, 2, 1])
    write(tmp_path / "a.parquet", range(9), label=[0, 1, 2] * 3)
    dataset = Parquet(str(tmp_path), size=4)
    assert (len(dataset), dataset.spec.shape, dataset.class_names) == (N, (3, 4, 4), ("0", "1", "2"))
    for i in range(N):
        assert dataset[i]["x"].flatten(1).unique(dim=1).T.tolist() == [[i, 2 * i, 0]]
    whole = dataset.tensors()
    assert whole is not None and whole["y"].tolist() == [*([0, 1, 2] * 3), 2, 1, 0, 2, 1]
    assert whole["x"][:, 0, 0, 0].tolist() == [*range(N)]
    assert dataset.example_name(10) == "b.parquet, row 1"


def test_the_order_is_that_of_the_seed_and_a_resume_continues_it(tmp_path: Path, streamed: None) -> None:
    write(tmp_path / "a.parquet", range(9), label=[0, 1, 2] * 3)
    write(tmp_path / "b.parquet", range(9, N), label=[2, 1, 0, 2, 1])
    dataset = Parquet(str(tmp_path), size=4)
    check_order(dataset, lambda x: round((x[0, 0, 0].item() + 1) * 127.5))
    assert pickle.loads(pickle.dumps(dataset))[5]["x"][0, 0, 0] == 5


def test_plain_bytes_texts_as_labels_and_names_of_hugging_face(tmp_path: Path) -> None:
    table = pa.table({"photo": [png(1), png(2), png(3)], "kind": ["cat", "dog", "cat"]})
    pq.write_table(table, tmp_path / "a.parquet")
    dataset = Parquet(str(tmp_path / "a.parquet"), size=4, label="kind")
    assert dataset.class_names == ("cat", "dog")
    assert dataset.all_labels().tolist() == [0, 1, 0]  # type: ignore[union-attr]
    assert Parquet(str(tmp_path / "a.parquet"), size=4).spec.classes == 0
    features = {"info": {"features": {"label": {"names": ["zero", "one", "two"], "_type": "ClassLabel"}}}}
    write(tmp_path / "b.parquet", range(2), features, label=[0, 1])
    assert Parquet(str(tmp_path / "b.parquet")).class_names == ("zero", "one", "two")
    assert Parquet(str(tmp_path / "b.parquet"), label="none").class_names == ()


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"image": "imag"}, r"has no column 'imag'. Did you mean 'image'\?"),
        ({"image": "label"}, "column 'label' holds no pictures. Set image to one of: image"),
        ({"label": "kind"}, "has no column 'kind'. .*It has: image, label"),
    ],
)
def test_a_wrong_column_is_named_with_those_there_are(settings: dict[str, str], says: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", range(3), label=[0, 1, 2])
    with pytest.raises(DataError, match=says):
        len(Parquet(str(path), **settings)) and Parquet(str(path), **settings).fingerprint()


def test_what_is_no_parquet_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 nonsense PAR1")
    with pytest.raises(DataError, match=r"a\.parquet cannot be read: .*Copy it again"):
        len(Parquet(str(tmp_path)))
    with pytest.raises(DataError, match=r"no files \.parquet in .*Set path to where it is"):
        (tmp_path / "empty").mkdir()
        len(Parquet(str(tmp_path / "empty")))


def test_a_row_without_a_picture_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"image": [png(1), None]}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=r"a\.parquet, row 1: 'image' holds no picture"):
        Parquet(str(tmp_path))[1]


def test_the_fingerprint_follows_the_files_and_the_columns(tmp_path: Path, streamed: None) -> None:
    path = write(tmp_path / "a.parquet", range(3), label=[0, 1, 2], other=[2, 1, 0])
    prints = {Parquet(str(path)).fingerprint(), Parquet(str(path), label="other").fingerprint()}
    write(tmp_path / "a.parquet", range(1, 4), label=[0, 1, 2], other=[2, 1, 0])
    assert len(prints | {Parquet(str(path)).fingerprint()}) == 3
