"""ganzoo check: a recipe built without memory, data or training. What it refuses: tests/recipes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from ganzoo.training import dry_run, forecast
from ganzoo.training.forecast import Forecast
from ganzoo.training.session import Session
from helpers.commands import ganzoo
from helpers.support import toml


@pytest.fixture
def points(tmp_path: Path) -> str:
    (tmp_path / "points.toml").write_text(toml())
    return str(tmp_path / "points.toml")


def test_the_text_names_every_part_and_player(points: str) -> None:
    *lines, memory, last = ganzoo("check", points).stdout.splitlines()
    assert re.fullmatch(r"time           about \d+ s: 12 steps of [\d.]+ (ms|s)(, 2 grids .*)?", last)
    assert lines == [
        "points: good",
        "dataset        ganzoo/ring: (2,)",
        "procedure      ganzoo/adversarial",
        "generator      ganzoo/mlp",
        "discriminator  ganzoo/mlp",
        "loss           ganzoo/non_saturating",
        "player         discriminator: 33 parameters, ganzoo/adam",
        "player         generator: 146 parameters, ganzoo/adam",
        "samples        (16, 2)",
    ]
    assert memory.startswith("memory         about 0 MiB for weights, gradients and optimizers; at its peak about ")


def test_json(points: str) -> None:
    document = json.loads(ganzoo("check", points, "dataset.labelled=true", "--json", "--no-time").stdout)
    assert document["spec"] == {"shape": [2], "classes": 8, "vocab": 0}
    assert document["examples"] == 200
    assert document["players"]["discriminator"] == {"parameters": 2 * 8 + 8 + 8 + 1, "optimizer": "ganzoo/adam"}
    assert document["sample_shape"] == [16, 2] and document["peak_bytes"] is None


def test_no_step_is_trained_when_nobody_asks_for_the_time(points: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Session, "step", train)
    assert json.loads(ganzoo("check", points, "--json", "--no-time").stdout)["time"] is None


def test_what_is_odd_about_pictures_is_remarked(points: str, tmp_path: Path) -> None:
    """Before training, and without decoding more than some of them."""
    (tmp_path / "masks").mkdir()
    for i in range(20):
        Image.new("L", (8, 8), i % 2).save(tmp_path / f"masks/{i}.png")
    (tmp_path / "masks/a.heic").write_bytes(b"?")
    settings = ("use=folder", f"path={tmp_path / 'masks'}", "size=8", "channels=1")
    told = ganzoo("check", points, "--no-time", *(f"dataset.{setting}" for setting in settings)).stderr
    assert "1 of 21 files was left alone: 1 .heic\n" in told
    assert "all values of 'x' lie between 0 and 1 of 0 to 255: the pictures look black" in told


def test_hours_come_with_settings_for_one_hour(points: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hours = Forecast(100_000, 1.0)
    monkeypatch.setattr(dry_run, "time_steps", lambda recipe, session: hours)
    *_, whole, shorter = ganzoo("check", points, "run.steps=100000").stdout.splitlines()
    assert whole == "time           about 27 h 47 min: 100,000 steps of 1 s"
    assert shorter.startswith("in an hour     run.steps=3600")
    document = json.loads(ganzoo("check", points, "run.steps=100000", "--json").stdout)["time"]
    assert document["seconds"] == 100_000
    assert document["shorter"].startswith("run.steps=3600")


def test_the_time_is_that_of_real_steps(points: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that each step moves by 0.3 s; 1,000 of them take five minutes."""
    step, clock = Session.step, [0.0]

    def timed(self: Session, t: int) -> None:
        step(self, t)
        clock[0] += 0.3

    monkeypatch.setattr(Session, "step", timed)
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    document = json.loads(ganzoo("check", points, "run.steps=1000", "--json").stdout)
    assert document["time"]["seconds"] == pytest.approx(300)


def test_a_player_may_have_an_optimizer_of_its_own(points: str) -> None:
    document = json.loads(ganzoo("check", points, "optimizer.generator.use=sgd", "--json", "--no-time").stdout)
    assert [player["optimizer"] for player in document["players"].values()] == ["ganzoo/adam", "ganzoo/sgd"]


def test_what_an_override_drops_is_said_on_stderr(tmp_path: Path) -> None:
    (tmp_path / "betas.toml").write_text(toml() + "betas = [0.5, 0.9]\n")
    result = ganzoo("check", str(tmp_path / "betas.toml"), "optimizer.use=sgd", "--json", "--no-time")
    assert result.stderr == "optimizer.use=sgd: dropped betas, which belonged to adam\n"
    assert json.loads(result.stdout)["players"]["generator"]["optimizer"] == "ganzoo/sgd"


def test_missing_data_is_a_remark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "empty"))
    result = ganzoo("check", "cgan_emnist", "--json")
    assert result.exit_code == 0, result.output
    assert "the data is not there yet: " in result.stderr
    assert "ganzoo data get emnist" in result.stderr
    assert json.loads(result.stdout)["examples"] is None
    assert json.loads(result.stdout)["time"] is None
    assert json.loads(result.stdout)["spec"]["shape"] == [1, 28, 28]


def test_a_network_of_any_size_takes_no_memory(points: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trillion weights: four terabytes, and as much again for gradients and each of Adam's two moments."""
    monkeypatch.setattr("ganzoo.utils.ram.available", lambda: 10**15)
    document = json.loads(ganzoo("check", points, "generator.hidden=[1000000, 1000000]", "--json").stdout)
    assert document["time"] is None
    assert document["remarks"] == ["no step was timed: this machine has too little free memory at present"]
    assert document["players"]["generator"]["parameters"] > 10**12
    assert 16 * 10**12 < document["memory_bytes"] < 16.1 * 10**12


def test_a_recipe_larger_than_the_machine_is_refused(points: str) -> None:
    result = ganzoo("check", points, "generator.hidden=[1000000, 1000000]")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: this recipe needs at least 14,901.3 GiB of memory, and this machine has ")
    assert "networks 14,901.3 GiB." in result.stderr
    assert result.stderr.endswith("GiB. Take narrower networks, or smaller images.\n")


def test_a_file_s_name_cannot_drive_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J.toml").write_text(toml())
    assert ganzoo("check", str(tmp_path / "\x1b[2J.toml"), "--no-time").stdout.startswith("\\x1b[2J: good\n")


def test_balance_without_labels_is_refused_before_a_run(points: str) -> None:
    result = ganzoo("check", points, "run.balance=true")
    assert result.exit_code == 2
    assert "set run.balance=false" in result.stderr


@pytest.mark.parametrize(
    ("recipe", "overrides", "says"),
    [
        ("pacgan_ring", ["procedure.pack=1000", "run.batch_size=4"], "1000"),
        ("quickstart", ["dataset.characters=漢字"], "漢"),
        ("gan_gaussian_1d", ['run.trackers=["nobody"]'], "no tracker named 'nobody'"),
    ],
)
def test_check_refuses_what_run_refuses(recipe: str, overrides: list[str], says: str, tmp_path: Path) -> None:
    checked = ganzoo("check", recipe, *overrides)
    trained = ganzoo("run", recipe, *overrides, "--out", str(tmp_path))
    for result in (checked, trained):
        assert result.exit_code not in (0, 1) and says in result.stderr, result.output
    last = [result.stderr.splitlines()[-1] for result in (checked, trained)]
    assert last[0] == last[1]
    assert checked.exit_code == trained.exit_code
