"""The dataset `hf`, on what the library `datasets` writes and reads."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganzoo.errors import DataError
from ganzoo_builtins.datasets.hugging_face import HuggingFace
from helpers.order import check_order, streamed

datasets = pytest.importorskip("datasets")

__all__ = ["streamed"]

N = 14


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of its own, and no network."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def table() -> Any:
    """N pictures of shade i, in three classes."""
    features = datasets.Features({"picture": datasets.Image(), "label": datasets.ClassLabel(names=["a", "b", "c"])})
    pictures = [Image.new("RGB", (4, 4), (i, 2 * i, 0)) for i in range(N)]
    return datasets.Dataset.from_dict({"picture": pictures, "label": [i % 3 for i in range(N)]}, features)


def write(kind: str, folder: Path) -> Path:
    if kind == "saved":
        table().save_to_disk(str(folder))
    elif kind == "splits":
        datasets.DatasetDict({"train": table(), "test": table().select(range(2))}).save_to_disk(str(folder))
    elif kind == "parquet":
        folder.mkdir()
        table().to_parquet(str(folder / "train-00000-of-00001.parquet"))
    else:
        (folder / "train").mkdir(parents=True)
        rows = [{"file_name": f"{i:02}.png", "label": i % 3} for i in range(N)]
        (folder / "train" / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
        for i in range(N):
            Image.new("RGB", (4, 4), (i, 2 * i, 0)).save(folder / "train" / f"{i:02}.png")
    return folder


@pytest.mark.parametrize("kind", ["saved", "splits", "parquet", "imagefolder"])
def test_pixels_and_labels_are_those_that_were_written(kind: str, tmp_path: Path) -> None:
    dataset = HuggingFace(str(write(kind, tmp_path / "data")), size=4)
    names = ("0", "1", "2") if kind == "imagefolder" else ("a", "b", "c")
    assert (len(dataset), dataset.spec.shape, dataset.class_names) == (N, (3, 4, 4), names)
    for i in range(N):
        assert dataset[i]["x"].flatten(1).unique(dim=1).T.tolist() == [[i, 2 * i, 0]]
        assert dataset[i]["y"] == i % 3


def test_the_order_is_that_of_the_seed_and_a_resume_continues_it(tmp_path: Path, streamed: None) -> None:
    dataset = HuggingFace(str(write("saved", tmp_path / "data")), size=4)
    check_order(dataset, lambda x: round((x[0, 0, 0].item() + 1) * 127.5))
    assert pickle.loads(pickle.dumps(dataset))[5]["x"][0, 0, 0] == 5


def test_splits_and_columns_that_are_not_there_are_named_with_those_that_are(tmp_path: Path) -> None:
    path = str(write("splits", tmp_path / "data"))
    assert len(HuggingFace(path, split="test")) == 2
    with pytest.raises(DataError, match=r"has no split 'val'. Set split to one of: train, test"):
        len(HuggingFace(path, split="val"))
    with pytest.raises(DataError, match=r"has no column 'image'"):
        HuggingFace(path, image="image")[0]
    assert HuggingFace(path, label="none").class_names == ()


def test_builders_that_may_unpickle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("image,label\n1,2\n")
    with pytest.raises(DataError, match=r"is read as csv, and only parquet, imagefolder, arrow are"):
        len(HuggingFace(str(tmp_path / "data")))


def test_a_script_of_a_data_set_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "data.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(DataError):
        len(HuggingFace(str(tmp_path / "data")))
    assert not (tmp_path / "ran").exists()


def test_a_name_of_the_hub_is_asked_for_there_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def builder(name: str, config: str | None, **options: str) -> Any:
        asked.append((name, config, options))
        raise ConnectionError("Couldn't reach it\nand more")

    monkeypatch.setattr(datasets, "load_dataset_builder", builder)
    with pytest.raises(DataError, match=r"no folder 'user/name'"):
        len(HuggingFace("user/name"))
    assert not asked
    says = "hf://user/name cannot be opened by datasets: Couldn't reach it. Check the name and the connection"
    with pytest.raises(DataError, match=says):
        len(HuggingFace("hf://user/name", revision="abc"))
    assert asked == [("user/name", None, {"revision": "abc"})]


def test_the_fingerprint_follows_the_data(tmp_path: Path, streamed: None) -> None:
    path = str(write("splits", tmp_path / "data"))
    prints = {HuggingFace(path, **settings).fingerprint() for settings in ({}, {"split": "test"}, {"label": "none"})}  # type: ignore[arg-type]
    assert len(prints) == 3
