"""Two processes that train together, asked of whatever losses and regularizers are registered."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from ganzoo import Comparison, IncompatibleError
from ganzoo.config import instantiate
from ganzoo.data.loader import Batches
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from helpers import pair
from helpers.killed import differences
from helpers.pair import DECIDING, HEARING, KILLED, PLUGINS, RESUMED, Case
from helpers.plugin import Listener
from helpers.support import accelerator, environment, train

pytestmark = pytest.mark.slow
CASES = pair.cases()
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of the two processes, from one launch for all tests; `by one` was begun by one process."""
    made = tmp_path_factory.mktemp("pair")
    train(steps(7), made / "by one", plugins=PLUGINS)
    here = str(Path(pair.__file__).parents[1])
    ended = subprocess.run(
        [*TORCHRUN, pair.__file__, str(made)],
        env=environment(PYTHONPATH=os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    (made / "stderr.txt").write_text(ended.stderr)
    return made


@pytest.fixture(scope="module")
def ranks(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no list of threads here")
def test_no_thread_of_their_talk_is_left_when_python_ends(folder: Path) -> None:
    """One that is aborts the process now and then, after everything was done."""
    for rank in (0, 1):
        names = json.loads((folder / f"threads-{rank}.json").read_text())
        assert names and not [name for name in names if "gloo" in name]


def steps(n: int) -> Any:
    return replace(HEARING, run=HEARING.run.model_copy(update={"steps": n}))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_both_have_the_same_weights_and_noise_of_their_own(case: Case, ranks: list[dict[str, Any]]) -> None:
    first, second = (told["equal"][str(case)] for told in ranks)
    if "refused" in first:
        pytest.skip(first["refused"])
    assert first["parameters"] == second["parameters"]
    assert first["noise"] != second["noise"]
    if first["batch norm"]:
        assert first["buffers"] != second["buffers"], "batch norm's statistics are each process's own"


def test_both_have_the_mean_over_processes(ranks: list[dict[str, Any]]) -> None:
    assert [told["mean"] for told in ranks] == [[0.5, 3.0], [0.5, 3.0]]


@pytest.mark.parametrize("name", DECIDING)
def test_both_decide_alike_on_losses_that_differ(name: str, ranks: list[dict[str, Any]]) -> None:
    first, second = (told["decided"][name] for told in ranks)
    assert first == second
    assert all(first["own"].values()), "the controller has moved"
    assert (len(set(first["moved"].values())) > 1) == (name == "vaegan"), "the gate was shut at times"


def test_no_more_than_a_few_cases_are_refused(ranks: list[dict[str, Any]]) -> None:
    assert sum("refused" in told for told in ranks[0]["equal"].values()) <= len(CASES) / 6


@pytest.mark.parametrize(("number", "case"), [*enumerate(CASES)], ids=[str(case) for case in CASES])
def test_two_with_half_a_batch_each_do_what_one_does_with_all_of_it(number: int, case: Case, folder: Path) -> None:
    if why := cannot_be_halved(case):
        pytest.skip(why)
    by_two = load_file(folder / f"smooth-{number}.safetensors")
    by_one = pair.smooth(case, 16, accelerator())
    for name, weight in by_one.items():
        torch.testing.assert_close(by_two[name], weight, rtol=1e-5, atol=1e-5, msg=name)


def cannot_be_halved(case: Case) -> str:
    """Why a batch in two halves means something else: drawn noise, mixed samples, no mean over them."""
    recipe = pair.smooth_recipe(case)
    try:
        procedure = instantiate.procedure(recipe, instantiate.dataset(recipe).spec)
    except IncompatibleError as refusal:
        return refusal.message
    real, fake = torch.randn(2, 16, 2)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    whole = values(procedure, real, fake)
    if not torch.get_rng_state().equal(before):
        return "it draws noise of its own"
    halves = [values(procedure, real[half], fake[half]) for half in (slice(8), slice(8, 16))]
    means = [torch.stack(pair).mean() for pair in zip(*halves, strict=True)]
    if not all(torch.allclose(mean, value) for mean, value in zip(means, whole, strict=True)):
        return "it is not a mean over samples"
    return ""


def values(procedure: Any, real: Tensor, fake: Tensor) -> list[Tensor]:
    """Terms of both players on these samples; a copy computes them, because some components remember calls."""
    procedure = copy.deepcopy(procedure)
    logits = procedure.D(real), procedure.D(fake)
    terms = [procedure.loss.discriminator(*logits), procedure.loss.generator(*logits)]
    for one in procedure.regularizers:
        comparison = Comparison.of(
            procedure.D, procedure.G, real, fake, source=torch.zeros(len(real), procedure.G.z_dim)
        )
        terms += one.terms(comparison).values()
        terms += one.generator_terms(comparison).values()
    return terms


@pytest.mark.parametrize("name", RESUMED)
def test_two_that_were_killed_go_on_to_the_same_bits(name: str, folder: Path) -> None:
    killed = Run(folder / name / "killed")
    (undisturbed,) = (Run(path.parent) for path in (folder / name).glob("tiny-*/resolved.json"))
    assert killed.latest.name == undisturbed.latest.name == "step-00000009" != f"step-{KILLED:08d}"
    assert differences(killed, undisturbed) == []
    saved = checkpoint.read(killed.latest).tensors
    assert saved.keys() == {"model", "ema", "optimizer", "rank-00000", "rank-00001"}


def test_each_has_buffers_and_noise_of_its_own_in_a_checkpoint(folder: Path) -> None:
    first, second = (
        checkpoint.read(Run(folder / "labels" / "killed").latest).tensors[f"rank-{rank:05d}"] for rank in (0, 1)
    )
    assert first.keys() == second.keys()
    means = [name for name in first if name.endswith("running_mean")]
    for name in ["random.cpu", *means]:
        assert means and not first[name].equal(second[name]), name


def test_statistics_of_the_average_belong_to_neither_process(folder: Path) -> None:
    saved = checkpoint.read(Run(folder / "labels" / "killed").latest).tensors
    own = [saved[f"rank-{rank:05d}"]["buffer.G.layers.3.running_var"] for rank in (0, 1)]
    assert saved["ema"]["G.layers.3.num_batches_tracked"] == 16
    assert not any(saved["ema"]["G.layers.3.running_var"].equal(var) for var in own)


def test_what_two_began_one_goes_on_with(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = Run.open(folder / "by two")
    Listener.heard.clear()
    train(run.recipe(PLUGINS.zoo, ["run.steps=8"]), folder, run, PLUGINS)
    assert "not bit for bit: processes was 2, is 1" in capsys.readouterr().err
    assert run.status["state"] == "finished"
    assert [x.tolist() for x in Listener.heard] == examples(position=6 * 2, n=2)


def test_what_one_began_two_go_on_with(folder: Path, ranks: list[dict[str, Any]]) -> None:
    assert "not bit for bit: processes was 1, is 2" in (folder / "stderr.txt").read_text()
    assert Run.open(folder / "by one").status["state"] == "finished"
    for rank, told in enumerate(ranks):
        assert told["heard"] == examples(position=7 // 2, n=2, rank=rank, world=2)


def examples(position: int, n: int, rank: int = 0, world: int = 1) -> list[Any]:
    """The n batches of a process from a position on."""
    batches = Batches.of(instantiate.dataset(HEARING), 8, HEARING.run.seed, torch.device("cpu"), rank, world)
    batches.seek(position)
    return [next(batches)["x"].tolist() for _ in range(n)]


def test_other_threads_and_another_torch_are_named_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    with monkeypatch.context() as before:
        before.setattr(torch, "__version__", "2.9.9")
        run = train(steps(3), tmp_path, plugins=PLUGINS)
    recipe = run.recipe(PLUGINS.zoo, ["run.steps=5", f"run.threads={threads + 1}"])
    train(recipe, tmp_path, run, PLUGINS)
    told = capsys.readouterr().err
    assert f"not bit for bit: torch was 2.9.9, is {torch.__version__}" in told
    assert f"not bit for bit: threads was {threads}, is {threads + 1}" in told
    assert run.status["state"] == "finished"
    assert run.latest.name == "step-00000005"
