"""The league's cells: which GANs compete, the CPU seconds of a cell, and several processes that share the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import torch

import ganzoo
from ganzoo.config.component import Blueprint
from ganzoo.config.locate import RecipeFile
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from helpers.miniature import RECIPE, REFEREE, write_mnist
from helpers.support import until
from standings import judging, training
from standings.cells import Cells, Task
from standings.judging import Judge
from standings.runner import Runner
from standings.systems import PRINTED, System, Unsuitable, move, select, split_name

TOP = Path(__file__).parents[2]
PLUGINS = discovery.load()
DATASETS = [entry.name for entry in PLUGINS.zoo.entries("dataset")]
TASK = Task("mnist", "tiny", 0)
SCHEDULE = '[schedule]\nuse = "linear"\n'


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """GANZOO_DATA with a miniature MNIST, and GANZOO_CACHE, in which the referee is trained once."""
    folder = tmp_path_factory.mktemp("league")
    write_mnist(folder / "data")
    return {"GANZOO_DATA": str(folder / "data"), "GANZOO_CACHE": str(folder / "cache")}


@pytest.fixture(autouse=True)
def _environment(roots: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in roots.items():
        monkeypatch.setenv(name, value)


def system(folder: Path, text: str = "", recipe: str = RECIPE, data: str = "mnist") -> System:
    path = folder / "tiny_mnist.toml"
    path.write_text(recipe + text)
    return move(path, "tiny", PLUGINS, data)


def runner(cells: Cells, competitor: System, seconds: float = 0.05, **settings: Any) -> Runner:
    judge = Judge(PLUGINS, Blueprint(PLUGINS.zoo.find("dataset", "mnist")), competitor.recipe, 40, 20, REFEREE)
    judge.prepare()
    return Runner({"tiny": competitor}, cells, PLUGINS, judge, seconds, **settings)


class Ticking:
    """A stand-in for the module time, in which each training step takes one CPU second."""

    def __init__(self, seconds: float = 1.0):
        self.seconds = seconds
        self.calls = 0

    def process_time(self) -> float:
        self.calls += 1
        return self.seconds * (self.calls // 2)

    perf_counter = process_time


@pytest.mark.parametrize(
    ("recipe", "parts"),
    [
        ("wgan_gp_mnist", ("wgan_gp", "mnist")),
        ("dcgan_fashion_mnist", ("dcgan", "fashion_mnist")),
        ("gan_stacked_mnist", ("gan", "stacked_mnist")),
        ("gan_mnist_printed", ("gan", "mnist")),
        ("quickstart", ("quickstart", "")),
    ],
)
def test_a_recipe_is_named_by_gan_and_dataset(recipe: str, parts: tuple[str, str]) -> None:
    assert split_name(recipe, DATASETS) == parts


def test_a_row_is_the_recipe_of_the_data_or_of_the_most_similar_data(tmp_path: Path) -> None:
    def recipes(*names: str) -> list[RecipeFile]:
        files = []
        for name in names:
            path = tmp_path / f"{name}.toml"
            dataset = split_name(name, DATASETS)[1]
            path.write_text(RECIPE.replace('"mnist"', f'"{dataset}"'))
            files.append(RecipeFile(name, "ganzoo", path))
        return files

    files = recipes("a_mnist", "a_fashion_mnist", "b_digits", "b_mnist_printed", "c_cifar10", "d_ring")
    systems, left_out = select(files, PLUGINS, "mnist")
    assert {name: one.command for name, one in systems.items()} == {
        "a": "ganzoo run a_mnist",
        "b": "ganzoo run b_digits dataset.use=mnist",
        "c": "ganzoo run c_cifar10 dataset.use=mnist dataset.size=32 dataset.fit=pad",
    }
    assert left_out == {"d": "toy data: points or numbers"}
    fashion, _ = select(files, PLUGINS, "fashion_mnist")
    assert fashion["a"].command == "ganzoo run a_fashion_mnist"
    printed, _ = select([file for file in files if file.name.endswith(PRINTED)], PLUGINS, "mnist")
    assert printed["b"].recipe.name == "b_mnist_printed"


def test_the_training_part_and_the_size_of_the_league_replace_those_of_the_recipe(tmp_path: Path) -> None:
    moved = system(tmp_path, recipe=RECIPE.replace('"mnist"', '"emnist"\nsplit = "letters"\ntrain = false\nsize = 64'))
    assert moved.changes == ("dataset.use=mnist", "dataset.size=28", "dataset.train=true")
    assert moved.side == 28
    assert len(moved.recipe.dataset().tensors()["x"]) == 60


def test_points_are_no_images(tmp_path: Path) -> None:
    with pytest.raises(Unsuitable, match="points"):
        system(tmp_path, recipe=RECIPE.replace('"mnist"', '"ring"'))


def test_a_digest_is_that_of_what_training_depends_on(tmp_path: Path) -> None:
    first = system(tmp_path).digest
    kept = ["epochs = 3", "epochs = 4"], ["log = 1", "log = 2"], ["batch_size = 8", "seed = 7\nbatch_size = 8"]
    changed = ["batch_size = 8", "batch_size = 9"], ["ema = 0.5", "ema = 0.6"], ["[8]", "[9]"], ["adam", "sgd"]
    assert {system(tmp_path, recipe=RECIPE.replace(old, new, 1)).digest for old, new in kept} == {first}
    digests = {system(tmp_path, recipe=RECIPE.replace(old, new, 1)).digest for old, new in changed}
    assert len(digests - {first}) == len(changed)


def test_training_ends_with_its_cpu_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "time", Ticking())
    trained = training.train(system(tmp_path).seeded(3), PLUGINS, tmp_path, 20, "")
    assert [(point.step, point.cpu_seconds, point.images) for point in trained.points] == [
        (2, 2, 16), (5, 5, 40), (10, 10, 80), (20, 20, 160),
    ]  # fmt: skip
    assert (trained.planned, trained.diverged) == (None, "")
    assert [trained.checkpoint(point).is_dir() for point in trained.points] == [True] * 4
    assert trained.run.resolved["recipe"]["run"]["seed"] == 3


def test_a_schedule_gets_the_steps_that_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Timed at two seconds a step, ten steps fit into twenty seconds, and training ends there."""
    scheduled = system(tmp_path, SCHEDULE)
    monkeypatch.setattr(training, "time", Ticking(2.0))
    planned = training.plan(scheduled.recipe, 20)
    monkeypatch.setattr(training, "time", Ticking(1.0))
    assert (planned, training.plan(scheduled.recipe, 20)) == (10, 20)
    monkeypatch.setattr(training, "plan", lambda recipe, seconds: planned)
    trained = training.train(scheduled.recipe, PLUGINS, tmp_path, 20, "")
    assert [point.step for point in trained.points] == [2, 5, 10]
    assert (trained.planned, trained.run.resolved["steps"]) == (10, 10)


def test_a_training_that_diverges_is_a_result(tmp_path: Path) -> None:
    cells = Cells(tmp_path / "cells")
    wild = system(tmp_path, recipe=RECIPE.replace('"adam"', '"sgd"\nlr = 1e38'))
    assert runner(cells, wild).run([TASK]) == []
    cell = cells.read(TASK)
    assert cell and cell["not_scored"].startswith("diverged, step ") and cell["scores"] == {}
    assert not runner(cells, wild, stale=True).is_missing(TASK)


def test_a_gan_that_samples_too_slowly_is_not_scored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells, work = Cells(tmp_path / "cells"), runner(Cells(tmp_path / "cells"), system(tmp_path))
    monkeypatch.setattr(judging, "LONGEST", 0.0)
    assert work.run([TASK]) == []
    cell = cells.read(TASK)
    assert cell and cell["not_scored"].startswith("40 samples would take 0 CPU seconds")
    assert (cell["scores"], cell["curve"], bool(cell["picture"])) == ({}, [], True)


def test_a_cell_is_whole(tmp_path: Path) -> None:
    cells, tiny = Cells(tmp_path / "cells"), system(tmp_path)
    assert runner(cells, tiny).run([TASK]) == []
    cell = cells.read(TASK)
    assert cell
    names = {"frechet_distance", "precision", "recall", "coverage", "class_coverage"}
    assert names <= cell["scores"].keys() and "gan_test" not in cell["scores"]
    assert cell["scores"]["frechet_distance"]["value"] > cell["scores"]["frechet_distance"]["floor"] > 0
    assert (cell["protocol"]["samples"], cell["protocol"]["seed"]) == (40, 0)
    assert cell["training"]["cpu_seconds"] == pytest.approx(0.05, abs=0.1)
    assert cell["training"]["images"] == 8 * cell["training"]["steps"]
    assert cell["curve"][-1]["step"] == cell["training"]["steps"]
    assert {*cell["curve"][0]} == {"step", "cpu_seconds", "frechet_distance", "recall"}
    assert {"processor", "flags", "torch_uses"} <= cell["machine"].keys()
    assert cell["versions"]["torch"] == metadata.version("torch")
    assert (cell["recipe"], cell["digest"], cell["threads"]) == ("tiny_mnist", tiny.digest, torch.get_num_threads())
    assert cells.real("mnist").is_file()
    (tmp_path / "cells/mnist/.partial-tiny-1.json").write_text("{")  # a process was killed here
    assert cells.all("mnist") == [cell]
    assert not (cells.work(TASK) / training.RUNS).exists()


def test_samples_of_padded_images_are_cropped(tmp_path: Path) -> None:
    wide = replace(system(tmp_path), recipe=system(tmp_path, recipe=RECIPE.replace('"mnist"', '"cifar10"')).recipe)
    assert wide.side == 32
    trained = training.train(wide.recipe, PLUGINS, tmp_path, 0.05, "")
    model = ganzoo.load(trained.checkpoint(trained.points[-1]))
    x = judging.sample(model, 3, None, 5)
    assert torch.equal(x, model.sample(3, None, 5)[:, :, 2:30, 2:30])
    judge = runner(Cells(tmp_path / "cells"), wide).judge
    assert judge.verdict(wide, trained)["protocol"]["data"]["size"] is None


def test_the_classes_of_a_conditional_gan_are_asked_for(tmp_path: Path) -> None:
    cells = Cells(tmp_path / "cells")
    asked = system(tmp_path, recipe=RECIPE.replace('"mlp"', '"cgan"'))
    assert asked.conditional
    runner(cells, asked).run([TASK])
    cell = cells.read(TASK)
    assert cell and 0 <= cell["scores"]["gan_test"]["value"] <= 1
    assert "gan_test" not in json.dumps(cell["protocol"])  # unconditional GANs have the same protocol


def test_a_cell_that_is_there_is_not_trained_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells, tiny = Cells(tmp_path / "cells"), system(tmp_path)
    work = runner(cells, tiny)
    work.run([TASK])
    before = cells.path(TASK).read_bytes()
    work.run([TASK])
    assert cells.path(TASK).read_bytes() == before

    changed = system(tmp_path, recipe=RECIPE.replace("[8]", "[9]", 1))
    assert not runner(cells, changed).is_missing(TASK)  # it is kept until somebody asks
    assert runner(cells, changed, stale=True).is_missing(TASK)
    assert not runner(cells, tiny, stale=True).is_missing(TASK)
    other = runner(cells, tiny, stale=True)
    assert other.judge.has_protocol(json.loads(before)["protocol"])
    assert not other.judge.has_protocol({**json.loads(before)["protocol"], "samples": 41})
    monkeypatch.setattr(Judge, "referee", "another digest")
    assert other.is_missing(TASK)
    other.run([TASK])
    assert cells.path(TASK).read_bytes() != before


def test_what_was_trained_is_judged_without_training_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells, tiny = Cells(tmp_path / "cells"), system(tmp_path)
    work = runner(cells, tiny)

    def refuse(*_: object) -> None:
        raise GanzooError("interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(Judge, "verdict", refuse)
        assert work.run([TASK]) == [TASK]
    assert cells.read(TASK) is None
    monkeypatch.setattr(training, "Training", refuse)  # any further step would fail
    assert work.run([TASK]) == []
    assert cells.read(TASK) is not None


def test_a_cell_that_failed_in_another_process_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = Cells(tmp_path / "cells")
    work, other = runner(cells, system(tmp_path)), Task("mnist", "tiny", 1)
    tried: list[int] = []

    def fail(task: Task) -> None:
        tried.append(task.seed)
        cells.claims.fail(other.key, "no space left")  # as another process would, meanwhile
        raise GanzooError("interrupted")

    monkeypatch.setattr(work, "finish", fail)
    assert work.run([TASK, other]) == [TASK]
    assert tried == [0]
    assert work.run([other]) == [other]  # earlier failures do not count


def test_to_ask_whether_a_cell_is_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    cells = Cells(tmp_path / "cells")
    assert not cells.is_taken(TASK)
    assert not [*tmp_path.rglob("*")]
    with cells.claim(TASK) as claimed:
        assert claimed and cells.is_taken(TASK)
    assert not cells.is_taken(TASK)


def process(script: str, folder: Path) -> subprocess.Popen[str]:
    """Start Python with the league's modules; `folder` is sys.argv[1]."""
    path = os.pathsep.join(str(TOP / part) for part in ("", "plugins", "benchmarks", "tests"))
    environment = {**os.environ, "PYTHONPATH": path}
    return subprocess.Popen([sys.executable, "-c", script, str(folder)], env=environment, text=True)


TAKER = """
import sys, time
from pathlib import Path
from standings.cells import Cells, Task
folder = Path(sys.argv[1])
cells = Cells(folder)
(folder / f"ready-{len([*folder.glob('ready-*')])}").touch()
while len([*folder.glob("ready-*")]) < 2:
    time.sleep(0.01)
for seed in range(6):
    task = Task("mnist", "tiny", seed)
    with cells.claim(task) as claimed:
        if claimed and cells.read(task) is None:
            with (folder / "log").open("a") as log:
                log.write(f"{seed}\\n")
            time.sleep(0.2)
            cells.write(task, {"system": "tiny", "seed": seed})
"""


@pytest.mark.slow
def test_two_processes_never_take_one_cell(tmp_path: Path) -> None:
    both = [process(TAKER, tmp_path), process(TAKER, tmp_path)]
    assert [one.wait(300) for one in both] == [0, 0]
    assert sorted((tmp_path / "log").read_text().split()) == [*"012345"]
    assert [cell["seed"] for cell in Cells(tmp_path).all("mnist")] == [*range(6)]


ENDLESS = f"""
import sys
from pathlib import Path
sys.path.append({str(Path(__file__).parent)!r})
import test_league as tests
folder = Path(sys.argv[1])
tests.runner(tests.Cells(folder / "cells"), tests.system(folder), 10_000).run([tests.TASK])
"""


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    child = process(ENDLESS, tmp_path)
    yield child
    child.kill()
    child.wait()


@pytest.mark.slow
def test_a_killed_process_leaves_no_cell_and_the_next_one_goes_on(
    tmp_path: Path, killed: subprocess.Popen[str]
) -> None:
    cells = Cells(tmp_path / "cells")
    until(lambda: [*cells.work(TASK).glob("runs/*/resolved.json")])
    assert cells.is_taken(TASK) and cells.owner(TASK).startswith(f"process {killed.pid} on ")
    with cells.claim(TASK) as claimed:
        assert not claimed
    work = runner(cells, system(tmp_path))
    assert work.run([TASK]) == [] and cells.read(TASK) is None  # it is another process's
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not cells.is_taken(TASK) and cells.read(TASK) is None
    assert work.run([TASK]) == []
    cell = cells.read(TASK)
    assert cell and cell["training"]["budget"] == 0.05
    assert not [*cells.folder.rglob(".partial-*")]
