"""`ganzoo resume`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ganzoo.cli import cli
from ganzoo.sampling.run import Run
from helpers.support import tiny, train, weights_hash


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=5"), tmp_path_factory.mktemp("runs"))


@pytest.fixture
def run(finished: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(finished.folder, tmp_path / "runs" / "tiny")))


def resume(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["resume", *map(str, arguments)])


def test_it_goes_on_to_more_steps_in_the_same_folder(run: Run, tmp_path: Path) -> None:
    result = resume(run.folder, "run.steps=8")
    assert result.exit_code == 0, result.output
    assert run.status["step"] == 8 and run.status["state"] == "finished"
    assert "going on from step-00000005" in result.stderr
    assert f"checkpoint: {run.checkpoints / 'step-00000008'}" in result.stdout
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["tiny"]
    assert weights_hash(run) == weights_hash(train(tiny("", "run.steps=8"), tmp_path / "straight"))


def test_a_folder_of_runs_means_its_newest(run: Run) -> None:
    assert resume(run.folder.parent, "run.steps=6").exit_code == 0
    assert run.status["step"] == 6


def test_a_finished_run_stays_finished(run: Run) -> None:
    before = weights_hash(run)
    files = {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")}
    result = resume(run.folder)
    assert result.exit_code == 0
    says = f"{run.folder} is finished, at step 5: nothing was trained.\nTrain longer: ganzoo resume {run.folder} "
    assert f"{says}run.steps=10\n" in result.stderr
    assert f"checkpoint: {run.latest}" in result.stdout
    assert {path: path.stat().st_mtime_ns for path in run.folder.rglob("*")} == files
    assert weights_hash(run) == before


def test_a_finished_run_of_epochs_names_epochs(tmp_path: Path) -> None:
    run = train(tiny("", "run.epochs=0.5"), tmp_path)
    assert f"Train longer: ganzoo resume {run.folder} run.epochs=1.0\n" in resume(run.folder).stderr
    result = resume(run.folder, "run.epochs=1.0")
    assert "is finished" not in result.stderr and "going on from" in result.stderr


def test_a_finished_run_goes_on_from_an_earlier_checkpoint(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=4", "run.save=2"), tmp_path)
    result = resume(run.checkpoints / "step-00000002")
    assert "going on from step-00000002" in result.stderr and "is finished" not in result.stderr
    assert "beyond run.steps=3" in resume(run.folder, "run.steps=3").stderr


def test_another_recipe_is_another_run(run: Run) -> None:
    result = resume(run.folder, "generator.z_dim=5")
    assert result.exit_code == 5
    assert "generator.z_dim cannot change in the middle of a run" in result.stderr


def test_what_is_not_a_number_is_a_usage_error(run: Run) -> None:
    result = resume(run.folder, "run.steps=many")
    assert result.exit_code == 2
    assert "steps" in result.stderr


def test_what_is_no_run_is_5(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        result = resume(folder)
        assert result.exit_code == 5
        assert "not a run folder" in result.stderr


def test_a_run_without_a_checkpoint_is_5(run: Run) -> None:
    shutil.rmtree(run.checkpoints)
    result = resume(run.folder, "run.steps=8")
    assert result.exit_code == 5
    assert "no checkpoint yet" in result.stderr


def test_data_that_went_away_are_3(tmp_path: Path) -> None:
    import numpy as np

    data = tmp_path / "images.npz"
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8))
    run = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=1"), tmp_path / "runs")
    data.unlink()
    result = resume(run.folder, "run.steps=2")
    assert result.exit_code == 3
    assert str(data) in result.stderr
