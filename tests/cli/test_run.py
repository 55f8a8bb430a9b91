"""`ganzoo run`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ganzoo.cli import cli
from ganzoo.cli.run import say_loading
from ganzoo.sampling.run import Run
from helpers.support import toml


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "points.toml"
    path.write_text(toml())
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["run", *map(str, arguments)])


def test_it_trains_and_says_where_everything_is(recipe: Path, tmp_path: Path) -> None:
    result = run(recipe, "run.steps=3", "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.output
    trained = Run.open(tmp_path / "runs")
    assert result.stdout.splitlines() == [
        f"samples:    {trained.samples / 'step-00000003.png'}",
        f"checkpoint: {trained.latest}",
        f"more:       ganzoo sample {trained.folder} -n 64",
    ]
    assert trained.folder.name.startswith("points-")
    assert (trained.folder / "recipe.toml").read_bytes() == recipe.read_bytes()
    assert trained.resolved["recipe"]["run"]["steps"] == 3


def test_progress_goes_to_stderr(recipe: Path, tmp_path: Path) -> None:
    result = run(recipe, "run.steps=3", "--out", tmp_path / "runs")
    assert "step 3/3" in result.stderr and "step 3/3" not in result.stdout
    assert str(Run.open(tmp_path / "runs").folder) in result.stderr.splitlines()[0]
    assert "200 examples of (2,)" in result.stderr


def test_settings_that_another_component_has_not_are_remarked_on(recipe: Path, tmp_path: Path) -> None:
    result = run(recipe, "run.steps=1", "dataset.use=glyphs", "generator.use=dcgan", "discriminator.use=dcgan",
                 "generator.width=4", "discriminator.width=4", "--out", tmp_path / "runs")  # fmt: skip
    assert "generator.use=dcgan: dropped hidden, which belonged to mlp" in result.stderr
    assert "dropped" not in result.stdout
    assert "dataset.use" not in result.stderr  # n is a setting of both


def test_resume_starts_where_nothing_is_unfinished(recipe: Path, tmp_path: Path) -> None:
    for expected in (1, 2):
        assert run(recipe, "run.steps=2", "--out", tmp_path / "runs", "--resume").exit_code == 0
        assert len(list((tmp_path / "runs").iterdir())) == expected


def test_resume_goes_on_with_what_is_unfinished(recipe: Path, tmp_path: Path) -> None:
    arguments = recipe, "run.steps=8", "--out", tmp_path / "runs"
    run(*arguments)
    Run.open(tmp_path / "runs").write_status("interrupted", 8)
    result = run(*arguments, "--resume")
    assert result.exit_code == 0, result.output
    assert "going on from step-00000008" in result.stderr
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_an_unknown_recipe_is_a_usage_error() -> None:
    result = run("quikstart")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Did you mean 'quickstart'" in result.stderr


def test_every_problem_of_a_recipe_is_told(recipe: Path, tmp_path: Path) -> None:
    result = run(recipe, "run.stepps=3", "generator.z_dim=none", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: 2 problems in this recipe")
    assert "Did you mean 'steps'" in result.stderr and "z_dim" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_networks_that_do_not_fit_are_a_usage_error(recipe: Path, tmp_path: Path) -> None:
    result = run(recipe, "generator.use=cgan", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1].startswith("Error: generator cgan ")


def test_missing_data_say_what_to_type(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "empty"))
    result = run(recipe, "dataset.use=mnist", "--out", tmp_path / "runs")
    assert result.exit_code == 3
    assert "ganzoo data get mnist" in result.stderr
    assert "dataset.use=mnist: dropped n, which belonged to ring" in result.stderr
    assert not (tmp_path / "runs").exists()


def test_a_folder_that_cannot_be_written_is_5(recipe: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run(recipe, "run.steps=1", "--out", tmp_path / "file")
    assert result.exit_code == 5
    assert "--out" in result.stderr


def test_divergence_is_4(recipe: Path, tmp_path: Path) -> None:
    changes = "optimizer.use=sgd", "optimizer.lr=1e38", "run.log=1", "run.steps=50"
    result = run(recipe, *changes, "--out", tmp_path / "runs")
    assert result.exit_code == 4
    assert "Error: diverged at step" in result.stderr


@pytest.mark.parametrize("text", ["[run\n", "\x00", "run = 3", "[run]\nsteps = 1\nsteps = 2"])
def test_a_recipe_that_cannot_be_read_is_a_usage_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    result = run(path)
    assert result.exit_code == 2
    assert "bad.toml" in result.stderr


@pytest.mark.parametrize(("rank", "said"), [("", "loading PyTorch\n"), ("0", "loading PyTorch\n"), ("1", "")])
def test_loading_is_said_once_before_torch_is_imported(
    rank: str, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", rank)
    say_loading()
    assert capsys.readouterr().err == ""  # it is imported
    monkeypatch.delitem(sys.modules, "torch")
    say_loading()
    assert capsys.readouterr().err == said
