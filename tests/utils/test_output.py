"""Outputs: they replace nothing, and are told from data."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import GanzooError
from ganzoo.sampling import writer
from ganzoo.utils import output
from ganzoo.visualization import gif, grid
from ganzoo_builtins.datasets.folder import Folder
from ganzoo_builtins.datasets.pairs import Pairs
from helpers.support import tiny, train


def test_the_first_unused_name(tmp_path: Path) -> None:
    assert output.unused(tmp_path / "a.png") == tmp_path / "a.png"
    for name in ("a.png", "a-2.png"):
        (tmp_path / name).touch()
    (tmp_path / "a-3.png").symlink_to("nowhere")
    assert output.unused(tmp_path / "a.png") == tmp_path / "a-4.png"


def test_a_file_that_was_asked_for_is_replaced_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(GanzooError, match=r"exists already, and is left as it is\. Give another --out, or --force"):
        output.file_of(tmp_path / "a.png", tmp_path / "b.png")
    assert output.file_of(tmp_path / "a.png", tmp_path / "b.png", force=True) == tmp_path / "a.png"
    with pytest.raises(GanzooError, match="is a folder"):
        output.file_of(tmp_path, tmp_path / "b.png", force=True)


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((8, 8, 3), 90, dtype=np.uint8)).save(path)


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """A folder with a run, a folder of samples, a grid and an animation, each written by ganzoo."""
    place = tmp_path / "data"
    train(tiny("", "run.steps=1"), place / "runs")
    samples = torch.zeros(2, 3, 8, 8)
    writer.save(samples, None, place / "drawn", 2)
    writer.save(samples, None, place / "grid.png", 2)
    grid.save(samples, place / "other.PNG")
    gif.save([grid.picture(samples)] * 2, place / "walk.gif", 80)
    return place


@pytest.mark.parametrize("name", ["pipe.png", "pipe.gif"])
def test_a_pipe_among_the_pictures_is_not_waited_for(name: str, tmp_path: Path) -> None:
    picture(tmp_path / "mine.png")
    os.mkfifo(tmp_path / name)
    dataset = Folder(str(tmp_path), size=8)
    assert (len(dataset), dataset.remarks()) == (1, [f"1 of 2 files was left alone: 1 not a regular file ({name})"])


def test_outputs_below_a_flat_folder_are_no_data_and_said(outputs: Path) -> None:
    picture(outputs / "mine.png")
    dataset = Folder(str(outputs), size=8)
    assert (dataset.class_names, len(dataset)) == ((), 1)
    (remark,) = dataset.remarks()
    assert remark.endswith("which is no data: drawn, grid.png, other.PNG and 2 more")


def test_outputs_beside_and_in_classes_are_no_data(outputs: Path) -> None:
    picture(outputs / "cats" / "1.png")
    (outputs / "drawn").rename(outputs / "cats" / "drawn")
    picture(outputs / "dogs" / "1.png")
    dataset = Folder(str(outputs), size=8)
    assert (dataset.class_names, len(dataset)) == (("cats", "dogs"), 2)


def test_samples_that_are_asked_for_or_copied_among_data_are_data(outputs: Path) -> None:
    assert len(Folder(str(outputs / "drawn"), size=8)) == 2
    picture(outputs / "drawn" / "mine.png")
    assert len(Folder(str(outputs / "drawn"), size=8)) == 3
    assert Folder(str(outputs), size=8).class_names == ("drawn",)


def test_outputs_among_pairs_are_no_data(outputs: Path, tmp_path: Path) -> None:
    for side in ("a", "b"):
        picture(tmp_path / side / "1.png")
    outputs.rename(tmp_path / "a" / "outputs")
    assert len(Pairs(str(tmp_path), size=8)) == 1
    assert "ganzoo wrote below" in Pairs(str(tmp_path), size=8).remarks()[0]


def test_pictures_of_others_are_data(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.gif")
    assert not any(map(ganzoo.is_own_output, [tmp_path, *tmp_path.iterdir()]))
