"""Resuming: the run, the checkpoint and the data that it starts from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from ganzoo.cli import cli
from ganzoo.errors import DataError, RunError
from ganzoo.runs import resume
from ganzoo.sampling.run import Run
from helpers.support import PLUGINS, tiny, toml, train, weights_hash


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Checkpoints at 2, 4 and 6, as if it had been killed then."""
    run = train(tiny("", "run.steps=6", "run.save=2"), tmp_path_factory.mktemp("runs"))
    run.write_status("running", 6)
    return run


@pytest.fixture
def run(saved: Run, tmp_path: Path) -> Run:
    return Run(Path(shutil.copytree(saved.folder, tmp_path / "runs" / "tiny")))


def spoil(run: Run, *steps: int) -> None:
    for step in steps:
        path = run.checkpoints / f"step-{step:08d}" / "model.safetensors"
        path.write_bytes(path.read_bytes()[:-1])


def ganzoo(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


def again(run: Run, recipe: Path) -> Result:
    """Run the same command again with --resume."""
    recipe.write_text(toml())
    return ganzoo("run", recipe, "run.steps=6", "run.save=2", "--out", run.folder.parent, "--resume")


def test_resume_takes_the_newest_and_says_so(run: Run, tmp_path: Path) -> None:
    result = again(run, tmp_path / "tiny.toml")
    assert result.exit_code == 0, result.output
    why = "going on from step-00000006, the newest checkpoint of the newest unfinished run of this recipe"
    assert why in result.stderr


def test_resume_passes_damaged_ones_over_and_says_why(run: Run, saved: Run, tmp_path: Path) -> None:
    spoil(run, 4, 6)
    result = again(run, tmp_path / "tiny.toml")
    assert result.exit_code == 0, result.output
    assert "passed over step-00000006" in result.stderr and "model.safetensors: damaged" in result.stderr
    assert "passed over step-00000004" in result.stderr
    assert "going on from step-00000002, the newest whole checkpoint" in result.stderr
    assert weights_hash(run) == weights_hash(saved)
    assert [row["step"] for row in run.metrics()] == [4, 6]


def test_resume_passes_over_one_without_a_manifest_and_says_why(run: Run, saved: Run, tmp_path: Path) -> None:
    (run.latest / "manifest.json").unlink()
    result = again(run, tmp_path / "tiny.toml")
    assert result.exit_code == 0, result.output
    assert "passed over step-00000006" in result.stderr and "manifest.json: No such file" in result.stderr
    assert weights_hash(run) == weights_hash(saved)


def test_resume_without_a_whole_one_is_5(run: Run, tmp_path: Path) -> None:
    spoil(run, 2, 4, 6)
    result = again(run, tmp_path / "tiny.toml")
    assert result.exit_code == 5
    assert "none of its checkpoints is whole" in result.stderr


def test_resume_with_nothing_to_resume_says_that_a_new_one_begins(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(toml())
    result = ganzoo("run", tmp_path / "tiny.toml", "run.steps=2", "--out", tmp_path / "none", "--resume")
    assert result.exit_code == 0, result.output
    assert "no unfinished run of this recipe" in result.stderr


def test_a_checkpoint_can_be_named(run: Run, saved: Run) -> None:
    spoil(run, 6)
    result = ganzoo("resume", run.checkpoints / "step-00000004")
    assert result.exit_code == 0, result.output
    assert "going on from step-00000004, which was asked for" in result.stderr
    assert weights_hash(run) == weights_hash(saved)


def test_a_damaged_one_is_not_replaced_unasked(run: Run) -> None:
    spoil(run, 6)
    result = ganzoo("resume", run.folder)
    assert result.exit_code == 5
    assert "model.safetensors: damaged" in result.stderr


@pytest.mark.parametrize("junk", [b"", b"[]", b"{}", b'{"recipe": 1}', b"[" * 100_000])
@pytest.mark.parametrize("name", ["resolved.json", "status.json"])
def test_a_folder_that_cannot_be_read_is_not_the_run(name: str, junk: bytes, run: Run, tmp_path: Path) -> None:
    (run.folder / name).write_bytes(junk)
    recipe = tiny("", "run.steps=6", "run.save=2")
    found = resume.unfinished(run.folder.parent, recipe, PLUGINS.zoo)
    assert found is None or name == "status.json"
    if name == "resolved.json":
        result = ganzoo("resume", run.folder)
        assert result.exit_code == 5 and "resolved.json" in result.stderr


def test_a_shape_that_is_none_is_5(run: Run) -> None:
    resolved = json.loads((run.folder / "resolved.json").read_text())
    (run.folder / "resolved.json").write_text(json.dumps({**resolved, "spec": {"shape": 3}}))
    with pytest.raises(RunError, match="its spec is damaged"):
        _ = run.spec


def test_data_that_changed_since_is_3_unless_it_is_allowed(tmp_path: Path) -> None:
    data = tmp_path / "images.npz"
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8))
    begun = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=2"), tmp_path / "runs")
    before = begun.provenance["dataset_fingerprint"]
    np.savez(data, images=np.ones((40, 8, 8), np.uint8))
    result = ganzoo("resume", begun.folder, "run.steps=3")
    assert result.exit_code == 3
    assert "the data is not what" in result.stderr and "--allow-data-change" in result.stderr
    assert begun.latest.name == "step-00000002"
    assert ganzoo("resume", begun.folder, "run.steps=3", "--allow-data-change").exit_code == 0
    (went_on,) = begun.provenance["resumed"]
    assert went_on["dataset_fingerprint_before"] == before != begun.provenance["dataset_fingerprint"]
    assert ganzoo("resume", begun.folder, "run.steps=4").exit_code == 0  # it is the run's own data by now


def test_data_that_has_moved_is_found_again_and_other_data_refused(tmp_path: Path) -> None:
    data, moved, other = (tmp_path / f"{name}.npz" for name in ("images", "moved", "other"))
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8))
    np.savez(other, images=np.ones((40, 8, 8), np.uint8))
    begun = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=2"), tmp_path / "runs")
    data.rename(moved)
    told = ganzoo("resume", begun.folder, "run.steps=3")
    assert told.exit_code == 3 and "`ganzoo resume RUN dataset.path=...`" in told.stderr
    judge = ["evaluate", begun.folder, "-n", "4", "--extractor", "raw", "--metric", "frechet_distance"]
    for command in (["resume", begun.folder], judge):
        refused = ganzoo(*command, f"dataset.path={other}")
        assert refused.exit_code == 3 and "its fingerprint was" in refused.stderr
    scored = ganzoo(*judge, f"dataset.path={moved}")
    assert scored.exit_code == 0, scored.stderr
    assert begun.scores()[0].protocol["data"]["path"] == str(moved)
    assert begun.resolved["recipe"]["dataset"]["path"] == str(data)  # an evaluation changes nothing
    assert ganzoo("resume", begun.folder, "run.steps=3", f"dataset.path={moved}").exit_code == 0
    assert begun.resolved["recipe"]["dataset"]["path"] == str(moved)
    assert ganzoo("resume", begun.folder, "run.steps=4").exit_code == 0  # it remembers
    assert begun.status["step"] == 4


def test_the_same_data_needs_no_permission(run: Run) -> None:
    train(run.recipe(PLUGINS.zoo, ["run.steps=7"]), run.folder.parent, run)
    assert run.provenance["resumed"][0]["step"] == 6


def test_data_errors_come_before_anything_is_written(tmp_path: Path) -> None:
    data = tmp_path / "images.npz"
    np.savez(data, images=np.zeros((40, 8, 8), np.uint8))
    begun = train(tiny(f'[dataset]\nuse = "npz"\npath = "{data}"', "run.steps=2", "run.log=1"), tmp_path / "runs")
    rows = (begun.folder / "metrics.jsonl").read_bytes()
    np.savez(data, images=np.ones((40, 8, 8), np.uint8))
    with pytest.raises(DataError):
        train(begun.recipe(PLUGINS.zoo, ["run.steps=3"]), tmp_path, begun)
    assert (begun.folder / "metrics.jsonl").read_bytes() == rows
