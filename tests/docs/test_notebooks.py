"""The notebooks of the documentation run as they are written, cell after cell, without a package or Jupyter."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PIL import Image

from helpers.pages import TOP

NOTEBOOKS = sorted((TOP / "docs/notebooks").glob("*.ipynb"))
LINES = 11  # of a cell: ten, and the import or the name of what it shows
BYTES = 20_000  # of a notebook with its outputs
every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])


def cells(notebook: Path, kind: str = "code") -> list[str]:
    content = json.loads(notebook.read_text())
    return ["".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == kind]


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names of a notebook, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType("notebook_of_a_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    yield module.__dict__


def executed(notebook: str, space: dict[str, Any]) -> dict[str, Any]:
    for cell in cells(TOP / f"docs/notebooks/{notebook}.ipynb"):
        exec(compile(cell, notebook, "exec"), space)
    return space


def test_every_notebook_has_a_test() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["own_parts", "ten_lines"]


@every_notebook
def test_a_notebook_is_small_and_in_the_format_of_jupyter(notebook: Path) -> None:
    content = json.loads(notebook.read_text())
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in content["cells"]}) == len(content["cells"])
    assert {cell["cell_type"] for cell in content["cells"]} == {"code", "markdown"}
    assert all(cell["outputs"] == [] for cell in content["cells"] if cell["cell_type"] == "code")
    assert len(notebook.read_bytes()) < BYTES
    assert max(len([line for line in cell.splitlines() if line]) for cell in cells(notebook)) <= LINES
    assert all(len(line) <= 120 for text in cells(notebook, "markdown") for line in text.splitlines())


def test_a_gan_of_own_parts_trains_resumes_and_shows_itself(
    space: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    names = executed("own_parts", space)
    run, wide = names["run"], names["wide"]
    assert (run.status["state"], run.status["step"]) == ("finished", 400)
    assert [*names["history"]] == [50, 100, 150, 200, 250, 300, 350, 400]
    assert run.resolved["recipe"]["generator"] == {"use": "python/generator"}
    assert run.provenance["given_in_python"]["dataset python/dataset"] == "notebook_of_a_test.Squares object"
    assert [note["step"] for note in run.provenance["resumed"]] == [200, 300]
    with Image.open("squares.png") as picture:
        assert picture.size == (8 * 18 + 2, 4 * 18 + 2)
    assert wide.resolved["recipe"]["generator"] == {"use": "python/wide", "width": 96}
    assert "<td>diversity@raw</td>" in names["scores"]._repr_html_()
    assert " failed in ganzoo_" not in capfd.readouterr().err


def test_ten_lines_train_judge_sample_resume_and_export(space: dict[str, Any]) -> None:
    names = executed("ten_lines", space)
    assert names["run"].status["step"] == 150
    assert names["samples"].shape == (16, *names["run"].spec.shape)
    assert [score.result for score in names["scores"]] == ["diversity"]
    assert (Path(names["exported"]) / "model.safetensors").is_file() and Path("samples.png").is_file()
