"""Run folders: their names, and finding one by what a user types."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from ganzoo.registry.zoo import NAME
from ganzoo.runs.folder import RunFolder
from ganzoo.sampling.run import Run
from helpers.support import tiny, train

ODD = [
    "..",
    "-rf",
    ".hidden",
    "",
    "/etc/passwd",
    "Ünï ©ödé",
    "\U0001f600",
    "İ",
    "a\nb",
    "\x1b[2J",
    "x" * 300,
    "__init__",
]


@pytest.mark.parametrize("name", [*ODD, "cgan_mnist", "WGAN-GP.v2"], ids=ascii)
def test_run_folder_s_name_is_safe_whatever_the_recipe_s_name(name: str, tmp_path: Path) -> None:
    run = Run.create(dataclasses.replace(tiny(), name=name), tmp_path)
    assert run.folder.parent == tmp_path and run.folder.is_dir()
    assert NAME.fullmatch(run.folder.name), run.folder.name


@pytest.mark.parametrize(
    ("name", "stem"), [("cgan_mnist", "cgan_mnist"), ("WGAN-GP.v2", "wgan-gp.v2"), ("..", "recipe")]
)
def test_run_folder_starts_with_the_recipe_s_name(name: str, stem: str, tmp_path: Path) -> None:
    folder = Run.create(dataclasses.replace(tiny(), name=name), tmp_path).folder.name
    assert re.fullmatch(rf"{re.escape(stem)}-\d{{8}}-\d{{6}}-[0-9a-f]{{4}}", folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=2"), tmp_path_factory.mktemp("runs"))


@pytest.mark.parametrize("place", [".", ".."])
def test_run_is_found_by_its_folder_and_the_folder_of_runs(place: str, run: Run) -> None:
    found, checkpoint = Run.find(run.folder / place)
    assert found.folder.resolve() == run.folder.resolve() and checkpoint is None


@pytest.mark.parametrize("name", ["step-00000002", "latest"])
def test_run_is_found_with_a_checkpoint(name: str, run: Run) -> None:
    found, checkpoint = Run.find(str(run.checkpoints / name))
    assert (found.folder, checkpoint) == (run.folder, run.latest)


def test_run_is_found_by_itself_and_by_a_folder_without_networks(run: Run) -> None:
    assert Run.find(run) == (run, None)
    found, checkpoint = Run.find(RunFolder(run.folder))
    assert isinstance(found, Run) and found.folder == run.folder and checkpoint is None
