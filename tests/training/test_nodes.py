"""Two machines that train together, each with an agent and a process of its own, on the loopback of this one."""

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

from ganzoo.sampling.run import Run
from helpers.support import TINY, environment, toml, weights_hash

pytestmark = pytest.mark.slow
TORCHRUN = (
    *("-m", "torch.distributed.run", "--nnodes", "2", "--nproc_per_node", "1", "--node_rank", "{rank}"),
    *("--master_addr", "127.0.0.1", "--master_port", "{port}"),
)
ACCELERATE = (
    *("-m", "accelerate.commands.launch", "--multi_gpu", "--num_machines", "2", "--num_processes", "2"),
    *("--machine_rank", "{rank}", "--main_process_ip", "127.0.0.1", "--main_process_port", "{port}"),
    *("--mixed_precision", "no", "--dynamo_backend", "no"),
)
IMPATIENT = """
from datetime import timedelta
from ganzoo.utils import distributed
distributed.LONGEST_WAIT = timedelta(seconds=20)
from ganzoo.cli import cli
cli()
"""


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def launch(launcher: Sequence[str], *module: str) -> list[tuple[int, str]]:
    """Start a module on two machines; return the exit code and messages of each agent."""
    port = free_port()
    commands = [[part.format(rank=rank, port=port) for part in (*launcher, "-m", *module)] for rank in (0, 1)]
    agents = [
        subprocess.Popen([sys.executable, *command], env=environment(), stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    try:
        messages = [agent.communicate(timeout=400)[1] for agent in agents]
    finally:
        for agent in agents:
            agent.kill()
    return [(agent.returncode, text) for agent, text in zip(agents, messages, strict=True)]


@pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate"])
def test_two_nodes_keep_equal_weights(launcher: Sequence[str], tmp_path: Path) -> None:
    (tmp_path / "recipes.json").write_text(json.dumps({"tiny": TINY}))
    ends = launch(launcher, "ganzoo.testing.two_processes", str(tmp_path))
    assert [code for code, _ in ends] == [0, 0], ends
    first, second = (json.loads((tmp_path / f"rank-{rank}.json").read_text()) for rank in (0, 1))
    assert first == second and len(first["tiny"]) == 64


def test_two_nodes_train_one_run_and_end_it_at_the_same_step(tmp_path: Path) -> None:
    """The score of step 2 is the best for a while, or not: both nodes stop after the same step."""
    text = toml() + '[evaluate]\nevery = 2\npatience = 1\nsamples = 20\n[[metric]]\nuse = "frechet_distance"\n'
    (tmp_path / "tiny.toml").write_text(text)
    settings = ("run.batch_size=8", "run.save=100", "run.steps=60", "--out", str(tmp_path / "runs"))
    ends = launch(TORCHRUN, "ganzoo", "run", str(tmp_path / "tiny.toml"), *settings)
    assert [code for code, _ in ends] == [0, 0], ends
    run = Run.open(tmp_path / "runs")
    values = [score.value for score in run.scores()]
    first = next(k for k in range(1, len(values)) if values[k] >= min(values[:k]))
    assert (run.status["state"], run.status["step"]) == ("finished", 2 * (first + 1))
    assert {path.stem for path in run.latest.glob("rank-*.safetensors")} == {"rank-00000", "rank-00001"}
    assert len(weights_hash(run)) == 64


def test_a_process_that_hangs_ends_the_others_after_the_longest_wait(tmp_path: Path) -> None:
    """As one of a machine without power, whose end nobody tells."""
    (tmp_path / "tiny.toml").write_text(toml())
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "1"}
    settings = ("run.batch_size=8", "run.save=5", "run.steps=1_000_000", "--out", str(tmp_path / "runs"))
    first, second = (
        subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, "run", str(tmp_path / "tiny.toml"), *settings],
            env=environment(**shared, RANK=rank, LOCAL_RANK="0"),
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in "01"
    )
    try:
        while not [*tmp_path.glob("runs/*/checkpoints/step-00000005/manifest.json")]:
            assert first.poll() is None
            time.sleep(0.05)
        os.kill(second.pid, signal.SIGSTOP)
        _, messages = first.communicate(timeout=140)
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
    assert first.returncode == 6, messages
    assert "Error: process 0 of 2 cannot reach the others" in messages and "Traceback" not in messages
    assert Run.open(tmp_path / "runs").status["state"] == "failed"
