"""Output of a run on a disk that fails, with plugins that misbehave, and with nobody watching."""

from __future__ import annotations

import errno
import os
import random
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo.errors import GanzooError, SetupError
from ganzoo.registry import discovery
from ganzoo.runs import averages, checkpoint, metrics_log
from ganzoo.sampling.run import Run
from ganzoo.training import loop
from ganzoo.training.recorder import NullRecorder, Recorder
from ganzoo.utils import atomic
from ganzoo.visualization import grid, loss_plot
from ganzoo_builtins.procedures.adversarial import Adversarial
from helpers.support import PLUGINS, environment, tiny, toml, train, weights_hash

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def fails(*_: Any, **__: Any) -> None:
    raise FULL


def failing(count: int, call: Any) -> Any:
    """`call`, which fails the first `count` times."""
    left = [count]

    def sometimes(*arguments: Any, **more: Any) -> Any:
        left[0] -= 1
        return fails() if left[0] >= 0 else call(*arguments, **more)

    return sometimes


def test_a_checkpoint_that_cannot_be_written_is_told_once_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(checkpoint, "write", failing(2, checkpoint.write))
    run = train(tiny("", "run.save=2"), tmp_path)
    told = [line for line in capsys.readouterr().err.splitlines() if "checkpoint of step" in line]
    assert [line.split(": ")[0] for line in told] == [
        "the checkpoint of step 2 could not be written",
        "the checkpoint of step 6 could be written again.",
    ]
    assert run.status["state"] == "finished"
    assert weights_hash(run) == weights_hash(train(tiny(), tmp_path / "undisturbed"))


def test_the_last_one_that_cannot_be_written_ends_with_6_and_the_good_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = checkpoint.write
    monkeypatch.setattr(checkpoint, "write", lambda *a, **k: write(*a, **k) if a[1] == 5 else fails())
    with pytest.raises(SetupError, match=r"step 12 could not be .*No space left.*step-00000005.*Make room"):
        train(tiny(), tmp_path)
    run = Run.open(tmp_path)
    assert run.status["state"] == "failed"
    assert checkpoint.read(run.latest).states["state"]["step"] == 5
    monkeypatch.undo()
    assert weights_hash(train(tiny(), tmp_path / "straight")) == weights_hash(train(tiny(), tmp_path, run))


def test_without_a_checkpoint_the_advice_is_to_start_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "write", fails)
    with pytest.raises(SetupError, match=r"saved yet\. Make room, then start again by the same command"):
        train(tiny(), tmp_path)


@pytest.mark.parametrize(("save", "advice"), [(1, "resume it with: ganzoo resume "), (12, "start again by the same")])
def test_averages_that_cannot_be_written_name_the_way_on(
    save: int, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(averages, "write", fails)
    recipe = tiny("", "run.averages.narrow.power=0.1", "run.snapshots=6", f"run.save={save}")
    with pytest.raises(SetupError, match=f"averages of step 6 could not .*Make room, then .*{advice}"):
        train(recipe, tmp_path)


@pytest.mark.parametrize("name", ["write_provenance", "write_resolved"])
def test_a_folder_that_cannot_be_written_is_resumed_when_it_can(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, name, fails)
    with pytest.raises(SetupError, match=r"Make room, then .*start again .*, or use another folder with --out"):
        train(tiny(), tmp_path / "new")
    monkeypatch.undo()
    run = train(tiny(), tmp_path / "begun")
    monkeypatch.setattr(Run, name, fails)
    with pytest.raises(SetupError, match="Make room, then resume it with: ganzoo resume ") as raised:
        train(run.recipe(PLUGINS.zoo, ["run.steps=14"]), tmp_path, run)
    assert "--out" not in raised.value.message


@pytest.mark.parametrize(
    ("room", "call", "told"),
    [
        (grid, "save", "real.png could not be written"),
        (loss_plot, "draw", "losses.png could not be written"),
        (metrics_log.MetricsLog, "append", "metrics.jsonl could not be written"),
        (Run, "write_status", "status.json could not be written"),
    ],
)
def test_no_other_file_stops_training(
    room: Any, call: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good = getattr(room, call)
    create = Run.create.__func__  # type: ignore[attr-defined]

    def create_first(*arguments: Any) -> Run:
        monkeypatch.setattr(room, call, good)
        try:
            return create(*arguments)
        finally:
            monkeypatch.setattr(room, call, fails)

    monkeypatch.setattr(Run, "create", classmethod(create_first))
    run = train(tiny(), tmp_path)
    assert run.latest.name == "step-00000012"
    assert capsys.readouterr().err.count(told) == 1


def test_a_folder_that_cannot_be_written_at_all_is_6(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "write_resolved", fails)
    with pytest.raises(SetupError, match="No space left"):
        train(tiny(), tmp_path)


@pytest.mark.slow
def test_a_quota_in_earnest(tmp_path: Path) -> None:
    """The system refuses every file beyond 2 KiB: small ones are written, checkpoints are not."""
    (tmp_path / "tiny.toml").write_text(toml())
    command = [sys.executable, "-m", "ganzoo", "run", str(tmp_path / "tiny.toml"), "--out", str(tmp_path / "runs")]
    process = subprocess.run(
        [*command, "generator.hidden=[64, 64]"],
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 6, process.stderr
    assert "Traceback" not in process.stderr
    assert process.stderr.count("the checkpoint of step 5 could not be written: [Errno 27] File too large") == 1
    run = Run.open(tmp_path / "runs")
    assert run.status["state"] == "failed"
    assert not list(run.checkpoints.iterdir())  # nothing half written
    assert [row["step"] for row in run.metrics()] == [4, 6, 8, 12]


class Unprintable(BaseException):
    def __str__(self) -> str:
        raise GeneratorExit


class Rude:
    """Draws, writes into what it is given, changes settings of PyTorch, and leaves in different ways."""

    def __init__(self, leave: BaseException | None):
        self.leave = leave
        self.seen = list[str]()

    def misbehave(self, name: str, logs: Mapping[str, float] | None = None) -> None:
        self.seen.append(name)
        torch.manual_seed(1), random.seed(1), np.random.seed(1)
        torch.rand(3)
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_autocast_enabled("cpu", True)
        torch.autocast_increment_nesting()
        self.modes = [torch.inference_mode()]
        self.modes[0].__enter__()
        thread = threading.Thread(target=lambda: torch.rand(1, device="cpu"))
        thread.start(), thread.join()
        if logs is not None:
            with pytest.raises(TypeError):
                logs["generator/adversarial"] = 0.0  # type: ignore[index]
        if self.leave:
            raise self.leave

    @ganzoo.hookimpl
    def ganzoo_run_start(self, run: Run) -> None:
        self.misbehave("start")

    @ganzoo.hookimpl
    def ganzoo_step_end(self, run: Run, t: int, logs: Mapping[str, float]) -> None:
        self.misbehave("step", logs)

    @ganzoo.hookimpl
    def ganzoo_run_end(self, run: Run) -> None:
        self.misbehave("end")


@pytest.mark.parametrize(
    "leave",
    [None, RuntimeError("as plugins do"), SystemExit(3), GeneratorExit(), KeyboardInterrupt(), Unprintable()],
    ids=["stays", "raises", "exits", "GeneratorExit", "KeyboardInterrupt", "unprintable"],
)
def test_a_plugin_that_misbehaves_at_every_hook_changes_no_bit(
    leave: BaseException | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins, rude = discovery.load(), Rude(leave)
    plugins.manager.register(rude, "rude")
    run = loop.train(tiny(), plugins, tmp_path)
    assert rude.seen == ["start", *["step"] * 4, "end"]
    assert (torch.is_grad_enabled(), torch.get_default_dtype()) == (True, torch.float32)
    told = capsys.readouterr().err
    for hook in ("ganzoo_run_start", "ganzoo_step_end", "ganzoo_run_end"):
        assert (f"plugin rude failed in {hook}" in told) == (leave is not None)
        assert "plugin rude changed the default dtype, the default device, or a mode of all functions" in told
        assert f"autocast of PyTorch in {hook}, which ganzoo put back" in told
    assert weights_hash(run) == weights_hash(train(tiny(), tmp_path / "alone"))


def test_a_sign_of_life_between_two_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    write = Run.write_status
    monkeypatch.setattr("ganzoo.runs.status.HEARTBEAT", -1.0)
    monkeypatch.setattr(Run, "write_status", lambda run, state, t, **k: (steps.append(t), write(run, state, t, **k)))
    train(tiny("", "run.log=50", "run.sample=50", "run.save=50", "run.steps=4"), tmp_path)
    assert {1, 2, 3} <= set(steps)


def test_what_a_killed_process_left_half_written_goes_when_the_run_goes_on(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=5"), tmp_path)
    for folder in (run.folder, run.samples, run.checkpoints):
        (folder / f"{atomic.PARTIAL}something").write_text("ha")
    train(tiny("", "run.steps=6"), tmp_path, run)
    assert not list(run.folder.rglob(f"{atomic.PARTIAL}*"))


def test_the_null_recorder_overrides_every_method_that_others_call() -> None:
    methods = {name for name, value in vars(Recorder).items() if callable(value) and not name.startswith("_")}
    assert {*methods, "__init__", "__enter__", "__exit__"} <= vars(NullRecorder).keys()


def test_the_null_recorder_accepts_every_sample() -> None:
    with NullRecorder() as recorder:
        assert recorder.report(1, {"generator/adversarial": 1.0}, 10.0, with_grid=True) and recorder.evaluate(1)


class Shown(Adversarial):
    """Shows two further pictures, or one that is not finite."""

    picture = 0.0

    def panels(self, batch: ganzoo.Batch) -> dict[str, Any]:
        row = torch.full((6, 1, 2, 2), self.picture)
        return {"row": ganzoo.Panel(row, columns=6), "drawn": Image.new("L", (5, 7)), "like": ganzoo.Panel(batch["x"])}


def showing() -> Any:
    recipe = tiny("", "run.sample=20", "run.steps=20")
    return replace(recipe, procedure=replace(recipe.procedure, entry=replace(recipe.procedure.entry, target=Shown)))


def test_further_pictures_lie_beside_the_grid(tmp_path: Path) -> None:
    run = train(showing(), tmp_path)
    assert {path.name for path in run.samples.glob("*-00000020.png")} == {
        f"{name}-00000020.png" for name in ("step", "row-step", "drawn-step", "like-step")
    }
    for name, size in {"row": (6 * 4 + 2, 4 + 2), "drawn": (5, 7)}.items():
        with Image.open(run.samples / f"{name}-step-00000020.png") as picture:
            assert picture.size == size


def test_a_further_picture_that_is_not_finite_is_divergence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Shown, "picture", float("nan"))
    with pytest.raises(GanzooError) as stopped:
        train(showing(), tmp_path)
    assert stopped.value.exit_code == 4


def test_real_samples_are_drawn_beside_the_generated_ones_if_asked_for(tmp_path: Path) -> None:
    text = '[dataset]\nuse = "glyphs"\nn = 100\ncharacters = "AB"\nsize = 8\n'
    one, both = (train(tiny(text, f"run.beside={value}"), tmp_path / value) for value in ("false", "true"))
    real, alone, grids = (
        np.asarray(Image.open(path))
        for path in (
            one.samples / "real.png", one.samples / "step-00000012.png", both.samples / "step-00000012.png"
        )
    )  # fmt: skip
    assert np.array_equal(grids[:, : real.shape[1]], real)
    assert np.array_equal(grids[:, -alone.shape[1] :], alone)
    assert weights_hash(one) == weights_hash(both)


def test_what_is_odd_about_pictures_is_said_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "masks").mkdir()
    for i in range(20):
        Image.new("L", (8, 8), i % 2).save(tmp_path / "masks" / f"{i}.png")
    (tmp_path / "masks" / "a.heic").write_bytes(b"?")
    data = f'[dataset]\nuse = "folder"\npath = "{tmp_path / "masks"}"\nsize = 8\nchannels = 1\n'
    train(tiny(data, "run.steps=1"), tmp_path / "runs")
    told = capsys.readouterr().err
    assert "1 of 21 files was left alone: 1 .heic\n" in told
    assert "all values of 'x' lie between 0 and 1 of 0 to 255: the pictures look black" in told
