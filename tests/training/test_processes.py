"""Runs in processes of their own: signals, kill -9, and two processes that train together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.sampling.run import Run
from helpers.packages import GOOD, install
from helpers.support import PLUGINS, environment, tiny, toml, train, weights_hash

pytestmark = pytest.mark.slow
GANZOO = [sys.executable, "-m", "ganzoo"]
NETWORK = """
import ganzoo, torch

class Own(ganzoo.Generator):
    '''A generator of one hidden layer.'''

    def __init__(self, spec):
        super().__init__()
        self.z_dim = 2
        self.net = torch.nn.Sequential(torch.nn.Linear(2, WIDTH), torch.nn.Linear(WIDTH, *spec.shape))

    def forward(self, z, y=None):
        return self.net(z)

@ganzoo.hookimpl
def ganzoo_register(zoo):
    zoo.add("generator", "own", Own)
"""
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(toml())
    return path


def start(recipe: Path, out: Path, *overrides: str) -> subprocess.Popen[str]:
    command = [*GANZOO, "run", str(recipe), "--out", str(out), *overrides]
    return subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, text=True)


def wait_for_step(out: Path, step: int) -> None:
    """Until some run in `out` has a checkpoint at or after `step`."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        saved = [int(path.parent.name.removeprefix("step-")) for path in out.glob("*/checkpoints/step-*/manifest.json")]
        if max(saved, default=-1) >= step:
            return
        time.sleep(0.02)
    raise TimeoutError(f"no checkpoint at step {step}")


def resume(out: Path, *overrides: str) -> None:
    subprocess.run([*GANZOO, "resume", str(out), *overrides], env=environment(), check=True, capture_output=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_ends_the_step_saves_and_exits_75(number: signal.Signals, recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    process = start(recipe, out, "run.steps=1_000_000", "run.save=50")
    wait_for_step(out, 50)
    process.send_signal(number)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 75
    run = Run.open(out)
    assert run.status["state"] == "interrupted"
    assert run.latest.name == f"step-{run.status['step']:08d}"
    assert f"stopped by {number.name}" in messages
    assert f"ganzoo resume {run.folder}" in messages
    assert "Traceback" not in messages


def test_a_killed_run_resumes_to_the_same_weights(recipe: Path, tmp_path: Path) -> None:
    settings = ("run.steps=500", "run.sample=100", "run.save=50")
    undisturbed = train(tiny("", *settings), tmp_path / "undisturbed")
    out = tmp_path / "killed"
    process = start(recipe, out, *settings)
    wait_for_step(out, 50)
    process.kill()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    killed = Run.open(out)
    assert killed.status["state"] in ("running", "created")
    assert killed.latest.name < "step-00000500"
    resume(out)
    assert weights_hash(killed) == weights_hash(undisturbed)
    assert killed.status == {**killed.status, "state": "finished", "step": 500}


def test_run_with_resume_goes_on_with_the_same_command(recipe: Path, tmp_path: Path) -> None:
    out, settings = tmp_path / "runs", ("run.steps=500", "run.sample=100", "run.save=50")
    process = start(recipe, out, *settings)
    wait_for_step(out, 50)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    second = subprocess.run(
        [*GANZOO, "run", str(recipe), "--out", str(out), *settings, "--resume"],
        env=environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    assert len(list(out.iterdir())) == 1
    assert "going on from step-" in second.stderr
    assert Run.open(out).status["state"] == "finished"


PAIR = """
import hashlib, json, os, sys
import torch
from pathlib import Path
from helpers.support import PLUGINS, tiny
from ganzoo.training import loop
from ganzoo.training.engine import Engine

engines, noises, found = [], [], []
init = Engine.__init__
def remembering(self, *args, **more):
    init(self, *args, **more)
    engines.append(self)
Engine.__init__ = remembering
texts = json.loads(sys.argv[1])
generator = tiny().parts["generator"].entry.load()
prior = generator.prior
def heard(self, n):
    z = prior(self, n)
    noises.append(z.sum().item())
    return z
generator.prior = heard
for i, text in enumerate(texts):
    loop.train(tiny(text), PLUGINS, Path(sys.argv[2], str(i)))
    digest = hashlib.sha256()
    for name, p in engines[-1].procedure.named_parameters():
        digest.update(p.detach().numpy().tobytes())
    found.append({"hash": digest.hexdigest(), "noise": noises[-4:]})
rank = os.environ["RANK"]
Path(sys.argv[2], f"rank{rank}.json").write_text(json.dumps(found))
"""
STAY_EQUAL = (
    '[[regularizer]]\nuse = "gradient_penalty"\n[loss]\nuse = "wasserstein"',
    '[[regularizer]]\nuse = "r1"\nevery = 4',
    '[procedure]\nuse = "adversarial"\nd_steps = 2',
)


def test_two_processes_stay_equal(tmp_path: Path) -> None:
    script = tmp_path / "pair.py"
    script.write_text(PAIR)
    here = str(Path(__file__).parents[1])
    subprocess.run(
        [*TORCHRUN, str(script), json.dumps(STAY_EQUAL), str(tmp_path)],
        env=environment(PYTHONPATH=os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])),
        check=True,
        capture_output=True,
        timeout=300,
    )
    ranks = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    for i, (text, first, second) in enumerate(zip(STAY_EQUAL, *ranks, strict=True)):
        assert first["hash"] == second["hash"], text
        assert first["noise"] != second["noise"], text  # each process draws its own
        assert Run.open(tmp_path / str(i)).status["state"] == "finished"


def test_two_processes_stop_when_one_of_them_is_told(recipe: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs"
    command = [*TORCHRUN, "-m", "ganzoo", "run", str(recipe), "--out", str(out), "run.batch_size=8", "run.save=50"]
    with subprocess.Popen([*command, "run.steps=1_000_000"], env=environment(), stderr=subprocess.PIPE) as process:
        try:
            wait_for_step(out, 50)
            os.kill(Run.open(out).status["pid"], signal.SIGTERM)  # the main process, and not torchrun
            _, messages = process.communicate(timeout=60)
        finally:
            process.kill()
    run = Run.open(out)
    assert run.status["state"] == "interrupted", messages.decode()
    assert run.latest.name == f"step-{run.status['step']:08d}"
    assert {path.stem for path in run.latest.glob("rank-*.safetensors")} == {"rank-00000", "rank-00001"}


FRAGILE = """
import os, sys
from pathlib import Path
from ganzoo.config import resolver
from ganzoo.registry import discovery
from ganzoo.training import loop
from ganzoo.errors import DivergedError
from ganzoo.registry.zoo import Zoo
from ganzoo_builtins.losses.non_saturating import NonSaturating
from helpers.support import TINY

class Fragile(NonSaturating):
    moves = 0
    def discriminator(self, real, fake):
        Fragile.moves += 1
        broken = os.environ["RANK"] == "1" and Fragile.moves == 7
        return super().discriminator(real, fake) * (float("nan") if broken else 1)

plugins, mine = discovery.load(), Zoo(owner="me")
mine.add("loss", "fragile", Fragile)
plugins.zoo.merge(mine)
recipe = resolver.resolve({**TINY, "loss": {"use": "fragile"}}, plugins.zoo, "fragile", name="fragile")
try:
    loop.train(recipe, plugins, Path(sys.argv[1]))
except DivergedError:
    Path(sys.argv[1], "rank" + os.environ["RANK"]).write_text("diverged")
"""


def test_what_is_not_finite_on_one_process_stops_all(tmp_path: Path) -> None:
    script = tmp_path / "fragile.py"
    script.write_text(FRAGILE)
    here = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    command = [*TORCHRUN, str(script), str(tmp_path)]
    subprocess.run(command, env=environment(PYTHONPATH=here), check=True, capture_output=True, timeout=300)
    assert [(tmp_path / f"rank{rank}").read_text() for rank in (0, 1)] == ["diverged", "diverged"]
    run = Run.open(tmp_path)
    assert run.status["state"] == "diverged" and run.latest.name == "step-00000005"
    assert json.loads((run.folder / "diverged.json").read_text())["first_step"] == 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_all_processes_of_a_command_stops_training_alone(number: signal.Signals, tmp_path: Path) -> None:
    """As a terminal sends Ctrl-C, and a batch system SIGTERM: those that read data take no notice."""
    out, path = tmp_path / "runs", tmp_path / "streamed.toml"
    images = tmp_path / "images"
    images.mkdir()
    for index in range(40):
        Image.new("RGB", (8, 8), (index, 0, 0)).save(images / f"{index}.png")
    path.write_text(toml().replace('use = "ring"\nn = 200', f'use = "folder"\npath = "{images}"\nsize = 8'))
    settings = ["run.steps=1_000_000", "run.save=5", "run.workers=2"]
    limit = "import ganzoo_builtins.datasets.pictures as f; f.IN_MEMORY = 0; from ganzoo.cli import cli; cli()"
    command = [sys.executable, "-c", limit, "run", str(path), "--out", str(out), *settings]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            wait_for_step(out, 5)
            os.killpg(process.pid, number)
            _, messages = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 75, messages.decode()
    assert b"Traceback" not in messages


def test_two_processes_resume_to_the_same_weights(recipe: Path, tmp_path: Path) -> None:
    def torchrun(*arguments: str) -> None:
        subprocess.run(
            [*TORCHRUN, "-m", "ganzoo", *arguments],
            env=environment(),
            check=True,
            capture_output=True,
            timeout=300,
        )

    torchrun("run", str(recipe), "--out", str(tmp_path / "straight"), "run.batch_size=8")
    torchrun("run", str(recipe), "--out", str(tmp_path / "parts"), "run.batch_size=8", "run.steps=5")
    torchrun("resume", str(tmp_path / "parts"), "run.steps=12")
    assert weights_hash(Run.open(tmp_path / "parts")) == weights_hash(Run.open(tmp_path / "straight"))


def test_a_resume_that_cannot_be_exact_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(tiny("", "run.steps=5"), tmp_path)
    state = run.latest / "state.json"
    manifest = run.latest / "manifest.json"
    changed = json.loads(state.read_text())
    changed["surroundings"]["threads"] = 99
    state.write_text(json.dumps(changed))
    import hashlib

    described = json.loads(manifest.read_text())
    content = state.read_bytes()
    described["files"]["state.json"] = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest.write_text(json.dumps(described))
    train(run.recipe(PLUGINS.zoo, ["run.steps=6"]), tmp_path, run)
    assert "not bit for bit: threads was 99" in capsys.readouterr().err


def start_pair(
    tmp_path: Path, recipe: Path, *overrides: list[str], sites: Sequence[Path] = ()
) -> list[subprocess.Popen[str]]:
    """Start two processes of one training, or only the first of them, each with its own overrides and packages."""
    commands = [["run", str(recipe), "--out", str(tmp_path / "runs"), *own] for own in overrides]
    return start_commands(commands, sites)


def start_commands(commands: Sequence[Sequence[str]], sites: Sequence[Path] = ()) -> list[subprocess.Popen[str]]:
    """Start a command of ganzoo in each of two processes of one training."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2"}
    started = []
    for rank, command in enumerate(commands):
        paths = [*map(str, sites[rank : rank + 1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        own = environment(**shared, RANK=str(rank), LOCAL_RANK=str(rank), PYTHONPATH=os.pathsep.join(paths))
        started.append(subprocess.Popen([*GANZOO, *command], env=own, stderr=subprocess.PIPE, text=True))
    return started


def ends(started: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    """Wait for processes: their exit codes and messages."""
    messages = [process.communicate(timeout=120)[1] for process in started]
    return [(process.returncode, text) for process, text in zip(started, messages, strict=True)]


def pair(tmp_path: Path, recipe: Path, *second: str) -> list[tuple[int, str]]:
    """Train a recipe in two processes, of which the second has further overrides: their exit codes and messages."""
    return ends(start_pair(tmp_path, recipe, [], [*second]))


@pytest.mark.parametrize(
    ("override", "about", "difference"),
    [
        ("run.seed=7", "the recipe", "run.seed is 7, and 0 in process 0"),
        ("generator.hidden=[5]", "the recipe", "generator.hidden is [5], and"),
        ("run.save=3", "the recipe", "run.save is 3, and"),
        ("dataset.n=100", "the recipe and the data", "dataset.n is 100, and"),
    ],
)
def test_processes_that_disagree_are_all_refused(
    override: str, about: str, difference: str, recipe: Path, tmp_path: Path
) -> None:
    first, second = pair(tmp_path, recipe, override)
    for code, messages in (first, second):
        assert code == 2, messages
        assert f"Error: the 2 processes do not agree on {about}." in messages and "Traceback" not in messages
    assert f"Process 1: {difference}" in second[1] and "Process 0" not in first[1]
    assert not (tmp_path / "runs").exists()


def test_processes_with_other_versions_of_a_plugin_are_all_refused(recipe: Path, tmp_path: Path) -> None:
    sites = [tmp_path / version for version in ("1.0", "1.1")]
    for site in sites:
        site.mkdir()
        install(site, "ganzoo-acme", GOOD, version=site.name)
    options = ["loss=acme/good"]
    for code, messages in ends(start_pair(tmp_path, recipe, options, options, sites=sites)):
        assert code == 2, messages
        assert "Error: the 2 processes do not agree on the packages." in messages and "Traceback" not in messages
    assert not (tmp_path / "runs").exists()


def test_processes_whose_plugin_builds_other_networks_are_all_refused(recipe: Path, tmp_path: Path) -> None:
    sites = [tmp_path / "narrow", tmp_path / "wide"]
    for site, width in zip(sites, (3, 4), strict=True):
        site.mkdir()
        install(site, "ganzoo-acme", NETWORK.replace("WIDTH", str(width)))
    options = ["generator=acme/own"]
    for code, messages in ends(start_pair(tmp_path, recipe, options, options, sites=sites)):
        assert code == 2, messages
        assert "Error: the 2 processes do not agree on the networks." in messages and "Traceback" not in messages


def test_a_process_that_starts_elsewhere_is_refused_with_all(recipe: Path, tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=4", "run.save=2"), tmp_path / "begun")
    first, second = run.checkpoints / "step-00000002", run.checkpoints / "step-00000004"
    started = start_commands([["resume", str(folder), "run.steps=6"] for folder in (first, second)])
    (code, messages), (other_code, other_messages) = ends(started)
    assert code == other_code == 2, (messages, other_messages)
    assert all("do not agree on the start." in text and "Traceback" not in text for text in (messages, other_messages))
    assert "Process 1: checkpoint is step-00000004 (" in other_messages
    assert run.status["step"] == 4


def test_a_process_may_have_its_own_number_of_threads(recipe: Path, tmp_path: Path) -> None:
    assert [code for code, _ in pair(tmp_path, recipe, "run.threads=2")] == [0, 0]


def test_a_process_that_never_comes_is_asked_for(recipe: Path, tmp_path: Path) -> None:
    (alone,) = start_pair(tmp_path, recipe, [])
    assert alone.stderr
    told = next((line for line in alone.stderr if line.startswith("waiting")), "")
    alone.kill()
    alone.communicate()
    assert told.startswith("waiting for the other processes: 2 should meet at 127.0.0.1:")


def test_the_end_of_one_process_is_one_line_of_the_other(recipe: Path, tmp_path: Path) -> None:
    first, second = start_pair(tmp_path, recipe, *[["run.steps=1_000_000", "run.save=5"]] * 2)
    wait_for_step(tmp_path / "runs", 10)
    second.kill()
    second.communicate()
    _, messages = first.communicate(timeout=120)
    assert first.returncode == 6, messages
    assert "Error: process 0 of 2 cannot reach the others: one of them has ended" in messages
    assert "ganzoo resume" in messages and "Traceback" not in messages
    assert Run.open(tmp_path / "runs").status["state"] == "failed"
