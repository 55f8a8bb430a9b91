"""Resuming: the run, the checkpoint and the data that it starts from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from ganzoo.cli import cli
from ganzoo.errors import DataError, RunError
from ganzoo.runs import resume
from ganzoo.runs.resumable import RESUMABLE
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
    for command in (["resume", begun.folder, "run.steps=3"], judge):
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


CHANGED = {
    "run.steps": "100",
    "run.epochs": "9",
    "run.log": "1",
    "run.sample": "3",
    "run.save": "5",
    "run.keep": "7",
    "run.trackers": '["tensorboard"]',
    "run.workers": "2",
    "run.threads": "3",
    "run.channels_last": "true",
    "run.max_time": "9s",
    "run.on_nonfinite": "skip",
}


def found(run: Run, *changes: str) -> tuple[Path | None, list[str]]:
    """Return the run that the recipe of `saved`, with changes, goes on with, and the reasons where there is none."""
    steps = [] if any(change.startswith("run.epochs") for change in changes) else ["run.steps=6"]
    recipe = tiny("", *steps, "run.save=2", *changes)
    begun, reasons = resume.to_continue(run.folder.parent, recipe, PLUGINS.zoo)
    return begun and begun.folder, reasons


def test_every_setting_that_may_change_is_tried() -> None:
    elsewhere = {key for key in RESUMABLE if key.startswith(("dataset", "evaluate"))}  # no files, and no scores
    assert {*CHANGED} == {*RESUMABLE} - elsewhere


@pytest.mark.parametrize("setting", CHANGED)
def test_a_run_goes_on_with_another_value_of_a_setting_that_may_change(setting: str, run: Run) -> None:
    assert found(run, f"{setting}={CHANGED[setting]}") == (run.folder, [])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("optimizer.lr=0.5", "optimizer.lr (0.001 there, 0.5 here)"),
        ("run.batch_size=8", "run.batch_size (16 there, 8 here)"),
        ("generator.hidden=[8]", "generator.hidden ([8, 8] there, [8] here)"),
        ("dataset.n=100", "dataset.n (200 there, 100 here)"),
        ("loss.use=hinge", 'loss.use ("ganzoo/non_saturating" there, "ganzoo/hinge" here)'),
    ],
)
def test_a_run_of_other_settings_is_named_with_them(change: str, told: str, run: Run) -> None:
    assert found(run, change) == (None, [f"tiny differs in {told}"])


def test_a_finished_run_goes_on_where_more_steps_are_asked_for(run: Run) -> None:
    run.write_status("finished", 6)
    assert found(run) == (None, ["tiny is finished, at step 6"])
    assert found(run, "run.steps=7") == (run.folder, [])


def test_a_run_beyond_the_steps_is_named(run: Run) -> None:
    assert found(run, "run.steps=5") == (None, ["tiny is at step 6 already, beyond run.steps=5"])


def test_resume_says_why_it_starts_anew(run: Run, tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(toml())
    result = ganzoo("run", tmp_path / "tiny.toml", "run.steps=5", "--out", run.folder.parent, "--resume")
    assert result.exit_code == 0, result.output
    assert "starting a new one\n  tiny is at step 6 already, beyond run.steps=5\n" in result.stderr


def test_fewer_steps_than_were_trained_are_refused(run: Run) -> None:
    before = (run.folder / "resolved.json").read_bytes(), run.status
    result = ganzoo("resume", run.folder, "run.steps=5")
    assert result.exit_code == 2
    assert "is at step 6 already, beyond run.steps=5: there is nothing to train. Give more steps" in result.stderr
    assert ((run.folder / "resolved.json").read_bytes(), run.status["step"]) == (before[0], 6)


@pytest.fixture
def letters(tmp_path: Path) -> Run:
    """A conditional run on the classes cats and dogs, in folders."""
    for name in ("cats", "dogs"):
        for i in range(20):
            (tmp_path / "photos" / name).mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), 10 * i).save(tmp_path / "photos" / name / f"{i}.png")
    data = f'[dataset]\nuse = "folder"\npath = "{tmp_path}/photos"\nsize = 8\nchannels = 1\n'
    networks = '[generator]\nuse = "cgan"\nz_dim = 4\nhidden = [8]\n[discriminator]\nuse = "cgan"\nhidden = [8]\n'
    return train(tiny(data + networks, "run.steps=2"), tmp_path / "runs")


@pytest.mark.parametrize("allowed", [[], ["--allow-data-change"]])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("cats", "zebras"), "they were cats, dogs, and are dogs, zebras (gone: cats; new: zebras)"),
        (("cats", "felines"), "they were cats, dogs, and are dogs, felines (gone: cats; new: felines)"),
        (("cats", ""), "they were cats, dogs, and are dogs (gone: cats)"),
        (("", "emus"), "they were cats, dogs, and are cats, dogs, emus (new: emus)"),
    ],
)
def test_other_classes_are_refused_with_their_names(
    change: tuple[str, str], told: str, allowed: list[str], letters: Run, tmp_path: Path
) -> None:
    old, new = (tmp_path / "photos" / name for name in change)
    if not change[0]:
        shutil.copytree(tmp_path / "photos" / "cats", new)
    elif not change[1]:
        shutil.rmtree(old)
    else:
        old.rename(new)
    before = letters.resolved
    result = ganzoo("resume", letters.folder, "run.steps=3", *allowed)
    assert result.exit_code == 3, result.output
    (line,) = result.stderr.splitlines()
    assert told in line
    assert letters.resolved == before


def test_two_spellings_of_one_letter_are_one_class(run: Run) -> None:
    (run.folder / "resolved.json").write_text(json.dumps({**run.resolved, "class_names": ["caf\u00e9", "th\u00e9"]}))
    resume.check_classes(run, ["cafe\u0301", "the\u0301"])
    with pytest.raises(DataError, match=r"th\xe9, caf\xe9 \(in another order\)"):
        resume.check_classes(run, ["th\u00e9", "caf\u00e9"])
