"""Files of an earlier ganzoo still resolve, load, sample and resume to the same values.

tests/fixtures/earlier/README.md says what the files are and how they were made.
"""

from __future__ import annotations

import json
import platform
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from torch import Tensor

import ganzoo
from ganzoo.cli import cli
from ganzoo.config import resolver
from ganzoo.config.recipe import Recipe
from ganzoo.registry.versions import Deprecated
from ganzoo.runs import checkpoint, resume
from ganzoo.sampling.run import Run
from ganzoo.visualization.grid import to_uint8
from helpers.support import PLUGINS, train

FOLDER = Path(__file__).parent / "fixtures" / "earlier"
MADE_WITH: dict[str, Any] = json.loads((FOLDER / "made_with.json").read_text())
TENSORS = ("model", "ema", "optimizer")
STATISTICS = ("G.layers.3.running_mean", "G.layers.3.running_var", "G.layers.3.num_batches_tracked")
CASES = ("burst", "replay", "rest", "shared", "simultaneous")

each_case = pytest.mark.parametrize("case", CASES)


@pytest.fixture(autouse=True)
def same_number_of_threads() -> Iterator[None]:
    """As many threads as the fixtures were made with: the order of sums depends on it."""
    threads = torch.get_num_threads()
    torch.set_num_threads(MADE_WITH["threads"])
    yield
    torch.set_num_threads(threads)


@contextmanager
def each_warning_once() -> Iterator[None]:
    """An old spelling is announced once, however often it is read on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", Deprecated)
        yield
    messages = [str(warning.message) for warning in caught]
    assert all(warning.category is Deprecated for warning in caught), messages
    assert len(messages) == len({*messages}), messages


def assert_same(values: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Equal bits where they were made with the same torch on the same kind of processor, elsewhere within rounding."""
    here = {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "machine": platform.machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
    }
    exact = all(MADE_WITH[name] == fact for name, fact in here.items())
    assert values.keys() == expected.keys()
    for name, value in values.items():
        assert value.dtype == expected[name].dtype
        if exact:
            assert torch.equal(value, expected[name]), name
        elif value.dtype == torch.uint8:
            torch.testing.assert_close(value.short(), expected[name].short(), atol=1, rtol=0)
        else:
            torch.testing.assert_close(value, expected[name], atol=1e-3, rtol=1e-2)  # RMSprop enlarges rounding


def expected(case: str, *parts: str) -> dict[str, Tensor]:
    stored = load_file(FOLDER / case / "expected.safetensors")
    return {name: tensor for name, tensor in stored.items() if name.startswith(parts)}


def weights(run: Run) -> dict[str, Tensor]:
    """Everything that the earlier ganzoo stored: there were no statistics of the averaged weights."""
    stored = checkpoint.read(run.latest).tensors
    named = {f"{part}/{name}": tensor for part in TENSORS for name, tensor in stored[part].items()}
    return {name: tensor for name, tensor in named.items() if name not in {f"ema/{s}" for s in STATISTICS}}


def samples(place: Path, statistics: Mapping[str, Tensor] | None = None) -> Tensor:
    """Samples as the fixtures hold them: images as bytes, points as they are; with these statistics of batch norm."""
    model = ganzoo.load(place)
    for name, value in (statistics or {}).items():
        model.procedure.get_buffer(name).copy_(value)
    x = model.sample(MADE_WITH["samples"], seed=MADE_WITH["seed"])
    return to_uint8(x) if x.dim() == 4 else x


@each_case
@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_recipe_resolves(case: str, suffix: str) -> None:
    with each_warning_once():
        recipe, _ = resolver.read(FOLDER / case / f"recipe.{suffix}", [], PLUGINS.zoo)
    assert recipe.run.steps == MADE_WITH["steps"]


@each_case
@pytest.mark.parametrize("place", ["run", "export"])
def test_samples_are_the_same(case: str, place: str) -> None:
    with each_warning_once():
        x = samples(FOLDER / case / place)
    assert_same({"samples/interrupted": x}, expected(case, "samples/interrupted"))


@each_case
def test_run_resumes_to_the_same_bits(case: str, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(FOLDER / case / "run", tmp_path / "run"))
    with each_warning_once():
        train(run.recipe(PLUGINS.zoo), tmp_path, run)
    assert_same(weights(run), expected(case, *TENSORS))
    trained = checkpoint.read(run.latest).tensors["model"]
    with each_warning_once():
        x = samples(run.folder, {name: trained[name] for name in STATISTICS})
    assert_same({"samples/finished": x}, expected(case, "samples/finished"))


@each_case
def test_a_resumed_run_has_the_statistics_of_a_new_one(case: str, tmp_path: Path) -> None:
    """They depend on the averaged weights alone, so nothing is missing in a checkpoint that has none."""
    run = Run.open(shutil.copytree(FOLDER / case / "run", tmp_path / "run"))
    assert not {*STATISTICS} & checkpoint.read(run.latest).tensors["ema"].keys()
    with each_warning_once():
        train(run.recipe(PLUGINS.zoo), tmp_path, run)
    with each_warning_once():
        new = ganzoo.train(FOLDER / case / "recipe.toml", out=tmp_path, plugins=PLUGINS)
    resumed, straight = (checkpoint.read(one.latest).tensors["ema"] for one in (run, new))
    for name in STATISTICS:
        torch.testing.assert_close(resumed[name], straight[name], atol=1e-3, rtol=1e-2)


@each_case
def test_recipe_trains_to_the_same_bits(case: str, tmp_path: Path) -> None:
    with each_warning_once():
        run = ganzoo.train(FOLDER / case / "recipe.toml", out=tmp_path, plugins=PLUGINS)
    assert_same(weights(run), expected(case, *TENSORS))


@each_case
@pytest.mark.parametrize("spelling", ["earlier", "today"])
def test_run_is_found_by_its_recipe_and_resumes_to_the_same_bits(case: str, spelling: str, tmp_path: Path) -> None:
    run = Run.open(shutil.copytree(FOLDER / case / "run", tmp_path / "runs" / "earlier"))
    path = FOLDER / case / "recipe.toml"
    if spelling == "today":
        recipe = read(path)
        path = tmp_path / "today.json"
        path.write_text(json.dumps(recipe.resolved()))
    with each_warning_once():
        result = CliRunner().invoke(cli, ["run", str(path), "--out", str(tmp_path / "runs"), "--resume"])
    assert result.exit_code == 0, result.output
    assert "going on from step-00000007, the newest checkpoint" in result.stderr
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["earlier"]
    assert_same(weights(run), expected(case, *TENSORS))


DIFFERENT = {
    "burst": "procedure.burst_every=6",
    "replay": "procedure.replay=25",
    "rest": "procedure.g_weight=0.25",
    "shared": "procedure.first=discriminator",
    "simultaneous": "procedure.show=logits",
}


@each_case
def test_run_of_another_recipe_is_not_found(case: str, tmp_path: Path) -> None:
    """The settings that are compared include those which the upgrade renames, and those of other tables."""
    shutil.copytree(FOLDER / case / "run", tmp_path / "run")
    for change in (DIFFERENT[case], "loss.use=hinge", "optimizer.lr=0.002", "optimizer.discriminator.lr=0.001"):
        assert resume.unfinished(tmp_path, read(FOLDER / case / "recipe.toml", change), PLUGINS.zoo) is None
    found = resume.unfinished(tmp_path, read(FOLDER / case / "recipe.toml"), PLUGINS.zoo)
    assert found is not None and found.folder == tmp_path / "run"


def read(path: Path, *changes: str) -> Recipe:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Deprecated)
        return resolver.read(path, changes, PLUGINS.zoo)[0]
