"""Runs and exports of a translator of two sets: both tables travel, both directions work, pictures keep their size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image

import ganzoo
from ganzoo.cli import cli
from ganzoo.sharing import export
from ganzoo.sharing.config import DataSpec
from helpers.support import UNPAIRED, tiny, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.Run:
    return train(tiny(UNPAIRED, "run.steps=2", "run.batch_size=4"), tmp_path_factory.mktemp("runs"))


def sample(*arguments: object) -> str:
    result = CliRunner().invoke(cli, ["sample", *map(str, arguments)])
    return result.stderr if result.exit_code else ""


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as opened:
        return opened.size


def test_an_export_brings_both_tables_and_both_directions(run: ganzoo.Run, tmp_path: Path) -> None:
    exported = export.export(run, tmp_path / "export")
    components = json.loads((exported.folder / "config.json").read_text())["components"]
    assert components["dataset"]["use"] == "ganzoo/digits" and components["dataset_a"]["characters"] == "012"
    here, there = ganzoo.load(run), ganzoo.load(exported.folder)
    for mine, theirs in zip(here.pairs(3, seed=1), there.pairs(3, seed=1), strict=True):
        assert torch.equal(mine, theirs)
    x = torch.rand(2, 1, 8, 8)
    for reverse in (False, True):
        assert torch.equal(here.translate(x, seed=0, reverse=reverse), there.translate(x, seed=0, reverse=reverse))


def test_the_shape_of_inputs_is_left_out_where_there_is_none() -> None:
    assert DataSpec(shape=[1, 2, 2], classes=0, vocab=0).model_dump() == {"shape": [1, 2, 2], "classes": 0, "vocab": 0}
    told = {"shape": [1, 2, 2], "classes": 0, "vocab": 0, "source_shape": [3, 4, 4]}
    assert DataSpec(**told).model_dump() == told and DataSpec(**told).spec.source_shape == (3, 4, 4)


def test_grids_show_inputs_and_outputs_in_either_direction(run: ganzoo.Run, tmp_path: Path) -> None:
    model = ganzoo.load(run)
    a, b = (((x + 1) * 127.5).round().byte().numpy() for x in model.pairs(2, seed=3))
    for reverse, given in (([], a), (["--reverse"], b)):
        out = tmp_path / f"{len(reverse)}.png"
        assert not sample(run.folder, "-n", 2, "--seed", 3, "--out", out, *reverse)
        assert size(out) == (4 * 10 + 2, 10 + 2)  # two inputs, each with its output
        with Image.open(out) as opened:
            assert (np.asarray(opened)[2:10, 2:10] == given[0, 0]).all()


def test_pictures_keep_their_size_whole_and_in_tiles(run: ganzoo.Run, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for i, shape in enumerate([(21, 30), (40, 9)]):
        Image.fromarray(np.full(shape, 90 * i, dtype=np.uint8)).save(tmp_path / f"photos/{i}.png")
    for name, more in (("whole", []), ("tiles", ["--tile", "16", "--reverse"])):
        out = tmp_path / name
        assert not sample(run.folder, "--input", tmp_path / "photos", "--full-size", "--out", out, *more)
        assert [size(path) for path in sorted(out.iterdir())] == [(30, 21), (9, 40)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--tile", 32], "add --full-size"),
        (["--full-size"], "add --input FOLDER"),
        (["--full-size", "--input", ".", "--out", "a.png"], "give a folder without an ending"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(run: ganzoo.Run, arguments: list[object], message: str) -> None:
    assert message in sample(run.folder, *arguments)
