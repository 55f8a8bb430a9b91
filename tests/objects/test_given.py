"""Runs with objects given in Python: trained, resumed with the same ones alone, and what commands say of them."""

from __future__ import annotations

import inspect
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import ganzoo
from ganzoo.cli import cli
from ganzoo.errors import DataError, GanzooError, IncompatibleError, RecipeError, RunError
from ganzoo.objects import given
from ganzoo.registry import discovery
from helpers.support import TINY, weights_hash

X = torch.randn(100, 2, generator=torch.Generator().manual_seed(0))
TABLES: dict[str, Any] = {name: TINY[name] for name in ("procedure", "optimizer")}
TABLES["run"] = {"steps": 4, "batch_size": 8, "log": 2, "sample": 4, "save": 2}


def networks(width: int = 3) -> dict[str, nn.Module]:
    torch.manual_seed(1)
    generator = nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 2))
    return {"generator": generator, "discriminator": nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))}


OBJECTS: dict[str, Any] = {"dataset": X, "loss": nn.BCEWithLogitsLoss(), **networks()}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> ganzoo.Run:
    return ganzoo.train(TABLES, out=tmp_path_factory.mktemp("runs"), **OBJECTS)


@pytest.fixture
def run(trained: ganzoo.Run, tmp_path: Path) -> str:
    """The folder of a copy of the run."""
    return str(shutil.copytree(trained.folder, tmp_path / "run"))


def test_a_run_records_what_was_given(trained: ganzoo.Run) -> None:
    recipe = trained.resolved["recipe"]
    assert {recipe[table]["use"] for table in OBJECTS} == {f"python/{table}" for table in OBJECTS}
    recorded = trained.provenance["given_in_python"]
    assert recorded["dataset python/dataset"] == "torch.Tensor object"
    assert recorded["generator python/generator"] == "torch.nn.modules.container.Sequential object"
    assert "python/given" in trained.provenance["plugins"]
    assert trained.recipe_as_given[0] == "recipe.json"


def test_training_starts_with_the_weights_that_were_given(trained: ganzoo.Run) -> None:
    plugins = trained.plugins
    assert plugins
    built = plugins.zoo.find("generator", "python/generator").load()(trained.spec)
    assert torch.equal(built.network[0].weight, OBJECTS["generator"][0].weight)


def test_the_run_that_was_trained_knows_its_objects(trained: ganzoo.Run) -> None:
    assert torch.equal(trained.sample(5, seed=3), ganzoo.load(trained).sample(5, seed=3))
    assert [score.result for score in ganzoo.evaluate(trained, ["diversity"], samples=50)] == ["diversity"]


def test_a_resumed_run_is_as_if_it_had_never_stopped(run: str, tmp_path: Path) -> None:
    resumed = ganzoo.resume(run, {"run.steps": 8}, **OBJECTS)
    whole = ganzoo.train(TABLES, {"run.steps": 8}, out=tmp_path / "runs", **OBJECTS)
    assert weights_hash(resumed) == weights_hash(whole)
    assert ganzoo.resume(resumed).status["step"] == 8  # finished: it stays as it is


def test_other_objects_are_refused_before_anything_is_written(run: str) -> None:
    before = {path: path.stat().st_mtime_ns for path in Path(run).rglob("*")}
    more = {"run.steps": 6}
    with pytest.raises(RunError, match=r"other networks than those given(.|\n)*\(3, 2\) torch.float32 in the"):
        ganzoo.resume(run, more, **{**OBJECTS, **networks(4)})
    with pytest.raises(DataError, match=r"trained on Spec\(shape=\(2,\).* now are Spec\(shape=\(3,\)"):
        ganzoo.resume(run, more, **{**OBJECTS, "dataset": torch.zeros(100, 3)})
    with pytest.raises(RunError, match=r"by name: leave encoder= out\. Given in Python were: dataset, "):
        ganzoo.resume(run, more, **OBJECTS, encoder=nn.Linear(2, 2))
    assert {path: path.stat().st_mtime_ns for path in Path(run).rglob("*")} == before


def test_data_of_another_fingerprint_are_refused(run: str) -> None:
    with pytest.raises(DataError, match="its fingerprint was"):
        ganzoo.resume(run, {"run.steps": 6}, **{**OBJECTS, "dataset": X + 1})
    resumed = ganzoo.resume(run, {"run.steps": 6}, other_data=True, **{**OBJECTS, "dataset": X + 1})
    assert resumed.status["step"] == 6


def test_without_the_objects_one_line_says_what_to_give(run: str) -> None:
    told = f"ganzoo.resume({run!r}, dataset=..., generator=..., discriminator=..., loss=...)"
    for command in (["resume", run, "run.steps=8"], ["sample", run]):
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == 5 and told in result.output
        (line,) = (line for line in result.output.splitlines() if "Error" in line)
        assert line.endswith("ganzoo.evaluate().")
    with pytest.raises(RunError, match=r"give the same objects to ganzoo\.resume"):
        ganzoo.load(run)
    of_model = {name: OBJECTS[name] for name in ("generator", "discriminator")}
    assert ganzoo.load(run, **of_model).sample(2).shape == (2, 2)


def test_a_model_whose_data_alone_were_given_is_sampled_and_exported_by_name(tmp_path: Path) -> None:
    named = {name: TINY[name] for name in ("generator", "discriminator", "loss")}
    run = ganzoo.train(TABLES, out=tmp_path, dataset=X, **named)
    result = CliRunner().invoke(cli, ["sample", str(run.folder), "--out", str(tmp_path / "samples.npz")])
    assert result.exit_code == 0, result.output
    exported = ganzoo.export(str(run.folder))
    assert ganzoo.load(exported.folder).spec == run.spec
    with pytest.raises(RunError, match=r"objects given in Python \(dataset\)"):
        ganzoo.evaluate(str(run.folder), ["diversity"])
    assert ganzoo.evaluate(str(run.folder), ["diversity"], samples=20, dataset=X)[0].step == 4


def test_a_model_with_networks_that_were_given_is_not_exported(trained: ganzoo.Run, tmp_path: Path) -> None:
    with pytest.raises(IncompatibleError, match=r"Make them a package \(ganzoo new\)"):
        ganzoo.export(trained, tmp_path / "export")
    assert not (tmp_path / "export").exists()


def test_registered_components_are_found_by_name_and_may_be_replaced() -> None:
    @ganzoo.register("generator", "mine", paper="arXiv:1406.2661")
    class Mine(nn.Module):
        """My generator."""

    entry = discovery.load().zoo.find("generator", "mine")
    assert (entry.full_name, entry.summary, entry.paper) == ("python/mine", "My generator.", "arXiv:1406.2661")
    other = ganzoo.register("generator", "mine", nn.Linear(2, 2))
    assert isinstance(other, nn.Linear)
    assert discovery.load().zoo.find("generator", "mine").load()(ganzoo.Spec((2,))).z_dim == 2
    assert discovery.load({}).zoo.entries("generator") == []


@pytest.mark.parametrize(
    ("kind", "name", "told"),
    [
        ("generators", "mine", "no kind 'generators'. Did you mean 'generator'?"),
        ("generator", "My Own", "use lower-case letters"),
        ("generator", "generator_b", "objects without a name are called so"),
    ],
)
def test_malformed_names_are_refused(kind: str, name: str, told: str) -> None:
    with pytest.raises(GanzooError, match=told):
        ganzoo.register(kind, name, ganzoo.Generator)


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"gnerator": 3}, RecipeError, "called 'gnerator'. Did you mean 'generator'?"),
        ({"procedure": 3}, IncompatibleError, "procedure is a builtins.int object: give a class derived"),
        (
            {"optimizer": torch.optim.SGD([nn.Parameter(X)])},
            IncompatibleError,
            "optimizer is a torch",
        ),
        ({"regularizer": [3]}, IncompatibleError, "regularizer is a builtins.int object"),
    ],
)
def test_arguments_that_are_no_components_are_refused(
    arguments: dict[str, Any], error: type[GanzooError], told: str
) -> None:
    with pytest.raises(error, match=told):
        ganzoo.train(TABLES, **{**OBJECTS, **arguments})


def test_a_recipe_of_tables_holds_no_objects() -> None:
    with pytest.raises(RecipeError, match=r"no recipe file can: a Linear. Give objects as arguments"):
        ganzoo.train({**TABLES, "generator": nn.Linear(2, 2)})


def test_objects_of_several_kinds_are_named_by_their_place() -> None:
    class Soft(ganzoo.Regularizer):
        """A regularizer."""

    chosen, zoo = given.choices({"regularizer": [Soft, "r1"], "schedule": lambda t, steps: 0.5, "loss": "hinge"})
    assert chosen["regularizer"] == [{"use": "python/regularizer-0"}, {"use": "r1"}]
    assert (chosen["schedule"], chosen["loss"]) == ({"use": "python/schedule"}, "hinge")
    assert zoo.find("regularizer", "python/regularizer-0").load() is Soft
    assert zoo.find("schedule", "python/schedule").load()()(0, 10) == 0.5


def test_arguments_of_train_are_those_of_resume_and_names_are_passed_over() -> None:
    tree = {"loss": {"use": "ganzoo/hinge"}, "regularizer": [{"use": "ganzoo/r1"}, {"use": "python/regularizer-1"}]}
    (entry,) = given.of_run({"loss": "hinge", "regularizer": ["r1", ganzoo.Regularizer]}, tree, "runs/a")
    assert (entry.kind, entry.full_name) == ("regularizer", "python/regularizer-1")
    with pytest.raises(RunError, match="1 objects as regularizer, not with another number"):
        given.of_run({"regularizer": [ganzoo.Regularizer, ganzoo.Regularizer]}, tree, "runs/a")


def test_every_argument_of_train_is_one_of_resume() -> None:
    shared = {"dataset", "generator", "discriminator", "loss", "callbacks", "plugins", "components", "changes"}
    for function in (ganzoo.train, ganzoo.resume):
        assert shared <= set(inspect.signature(function).parameters)
