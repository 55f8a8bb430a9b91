"""The fastest settings are found by measuring, only among those that leave the results as they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ganzoo.benchmark import throughput, tuning
from ganzoo.benchmark.tuning import Candidate, Tuner
from ganzoo.config.recipe import Recipe
from ganzoo.interfaces import Spec
from ganzoo.training import tuned
from helpers.commands import ganzoo
from helpers.support import WGAN_GP, tiny, toml

SPEC = Spec((2,))
IMAGES = """
[dataset]
use = "glyphs"
n = 64
[generator]
use = "compact"
z_dim = 4
width = 4
[discriminator]
use = "compact"
width = 4
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))


def run_at(speeds: dict[str, float], recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> tuning.Tuning:
    """Tune on a machine of one core on which a step takes so many seconds, times a factor for each setting."""

    def seconds(self: Candidate, duration: float) -> list[float]:
        run = self.recipe.run
        factor = speeds.get("channels_last", 1.0) if run.channels_last else 1.0
        factor *= speeds.get("batch", 1.0) if run.batch_size > recipe.run.batch_size else 1.0
        return [factor * speeds.get(f"threads {self.threads}", 1.0)] * 4

    monkeypatch.setattr(Candidate, "seconds", seconds)
    monkeypatch.setattr(tuning.thread_numbers, "options", lambda settings, device: [1, 2])
    monkeypatch.setattr(Tuner, "_can_compile", lambda self, best: "not in this test")
    return Tuner(recipe, 0.0).tune()


@pytest.mark.parametrize(
    ("speeds", "overrides"),
    [
        ({"threads 2": 0.6, "channels_last": 0.8}, ["run.threads=2", "run.channels_last=true"]),
        ({"threads 2": 0.6, "channels_last": 1.2}, ["run.threads=2"]),
        ({"threads 2": 0.98, "channels_last": 0.98}, ["run.threads=1"]),  # too little to be sure
    ],
)
def test_what_is_faster_is_kept(
    speeds: dict[str, float], overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run_at(speeds, tiny(IMAGES), monkeypatch)
    assert found.overrides == overrides
    assert found.fastest == {
        "threads": 2 if "run.threads=2" in overrides else 1,
        "channels_last": "run.channels_last=true" in overrides,
        "compile": False,
    }


def test_settings_that_change_results_are_listed_and_never_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    found = run_at({"batch": 0.5}, tiny(IMAGES), monkeypatch)
    twice, four_times, precision = found.others
    assert (twice.setting, twice.value, four_times.value) == ("batch_size", 32, 64)
    assert twice.ratio == pytest.approx(4) and four_times.ratio == pytest.approx(8)
    assert (precision.setting, precision.value) == ("precision", "bf16")
    assert not any(one.kept for one in found.others)


def test_a_setting_with_other_losses_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    losses = throughput.Training.__init__

    def changed(self: throughput.Training, recipe: Recipe, steps: int) -> None:
        seed = 7 if recipe.run.channels_last else recipe.run.seed
        losses(self, replace(recipe, run=recipe.run.model_copy(update={"seed": seed})), steps)

    monkeypatch.setattr(throughput.Training, "__init__", changed)
    found = run_at({"channels_last": 0.1}, tiny(IMAGES), monkeypatch)
    (tried,) = [one for one in found.tried if one.setting == "channels_last"]
    assert tried.note.startswith("other results: ") and not tried.kept and not found.fastest["channels_last"]


def test_a_setting_that_fails_is_named_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    built = Tuner._candidate

    def failing(self: Tuner, changes: dict[str, Any], *rest: Any) -> Candidate:
        if "batch_size" in changes:
            raise RuntimeError("no kernel for this")
        return built(self, changes, *rest)

    monkeypatch.setattr(Tuner, "_candidate", failing)
    found = run_at({}, tiny(IMAGES), monkeypatch)
    assert found.others[0].note == "failed: RuntimeError: no kernel for this"


def test_what_cannot_be_turned_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Candidate, "seconds", lambda self, duration: [1.0] * 4)
    notes = {one.setting: one.note for one in Tuner(tiny(WGAN_GP), 0.0).tune().tried}
    assert notes["channels_last"] == "no convolutions"
    assert notes["compile"] == "run.compile = true and regularizer GradientPenalty"


def test_threads_of_the_process_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    run_at({"threads 2": 0.5}, tiny(IMAGES), monkeypatch)
    assert torch.get_num_threads() == before


def test_findings_belong_to_machine_networks_and_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny("", "run.steps=10")
    found = {"threads": 2, "channels_last": True, "compile": False}
    tuned.write(recipe, SPEC, found)
    assert tuned.read(tiny("", "run.steps=99", "run.seed=3"), SPEC) == found
    for other in (tiny("", "run.batch_size=99"), tiny("", "generator.hidden=[9]"), tiny("", 'run.precision="bf16"')):
        assert tuned.read(other, SPEC) == {}
    assert tuned.read(recipe, Spec((3,))) == {}
    monkeypatch.setattr(tuned.processor, "name", lambda: "another processor")
    assert tuned.read(recipe, SPEC) == {}


@pytest.mark.parametrize("content", ["", "[]", '{"run": 3}', '{"run": {"steps": 1}}', "\0"])
def test_a_damaged_file_of_findings_finds_nothing(content: str) -> None:
    recipe = tiny()
    tuned.write(recipe, SPEC, {}).write_text(content)
    assert tuned.read(recipe, SPEC) == {}


def test_the_command_prints_the_command_to_run_and_keeps_the_findings(tmp_path: Path) -> None:
    recipe = tmp_path / "small.toml"
    recipe.write_text(toml())
    words = ("bench", str(recipe), "--tune", "--minutes", "0.001", "run.deterministic=true")
    shown = ganzoo(*words, 'regularizer=[{use="gradient_penalty"}]', 'discriminator={use="mlp", hidden=[8]}')
    assert shown.exit_code == 0, shown.output
    assert "other results, not applied" in shown.stdout
    command = shown.stdout.splitlines()[-1]
    assert command.startswith(f"  ganzoo run {recipe} run.deterministic=true 'regularizer=[{{use=")
    assert command.endswith(" run.threads=1")
    (kept,) = (tmp_path / "cache/tuned").glob("*.json")
    assert json.loads(kept.read_text())["run"]["threads"] == 1
