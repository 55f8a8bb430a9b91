"""Files and endings of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

import ganzoo
from ganzoo import GanzooError, IncompatibleError
from ganzoo.errors import DataError, DivergedError, RecipeError, RunError, SetupError
from ganzoo.runs.resume import unfinished
from ganzoo.sampling.run import Run
from ganzoo.training import loop, trackers
from helpers.support import CONDITIONAL, PLUGINS, tiny, train


def test_the_run_folder(tmp_path: Path) -> None:
    run = train(tiny(CONDITIONAL), tmp_path)
    names = {path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*") if path.is_file()}
    assert names >= {
        "recipe.json",
        "resolved.json",
        "provenance.json",
        "status.json",
        "metrics.jsonl",
        "losses.png",
        "samples/real.png",
        "samples/step-00000000.png",
        "samples/step-00000006.png",
        "samples/step-00000012.png",
        "checkpoints/latest",
        "checkpoints/step-00000012/manifest.json",
        "checkpoints/step-00000012/model.safetensors",
    }
    assert not [name for name in names if ".partial" in name]
    assert (run.checkpoints / "latest").read_text() == "step-00000012"
    assert run.status["state"] == "finished"
    assert run.resolved["spec"] == {"shape": [1, 28, 28], "classes": 3, "vocab": 0}
    assert run.resolved["class_names"] == ["A", "B", "C"]
    assert run.resolved["recipe"]["dataset"]["use"] == "ganzoo/glyphs"
    provenance = json.loads((run.folder / "provenance.json").read_text())
    assert provenance["versions"]["torch"].startswith(torch.__version__.split("+")[0])
    assert len(provenance["dataset_fingerprint"]) == 64


def test_metrics_hold_terms_and_logits(tmp_path: Path) -> None:
    rows = list(train(tiny(), tmp_path).metrics())
    assert [row["step"] for row in rows] == [4, 6, 8, 12]
    assert {"discriminator/adversarial", "generator/adversarial", "real", "fake", "images_per_second"} <= set(rows[0])


def test_a_conditional_grid_has_a_column_for_each_class(tmp_path: Path) -> None:
    run = train(tiny(CONDITIONAL, "run.steps=2"), tmp_path)
    for name in ("real", "step-00000002"):
        with Image.open(run.samples / f"{name}.png") as grid:
            assert grid.size == (3 * 30 + 2, 8 * 30 + 2)


def test_the_first_grids_follow_each_other_closely(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=40", "run.sample=20", "run.first_sample=3"), tmp_path)
    steps = [int(path.stem.removeprefix("step-")) for path in sorted(run.samples.glob("step-*.png"))]
    assert steps == [0, 3, 6, 12, 20, 40]
    assert [row["step"] for row in run.metrics() if "samples/diversity" in row] == steps[1:]


def test_epochs_count_the_batches_that_steps_draw(tmp_path: Path) -> None:
    text = '[run]\nepochs = 2\nbatch_size = 16\n[procedure]\nuse = "adversarial"\nd_steps = 3'
    run = train(tiny(text), tmp_path)
    assert run.status["step"] == 8  # 200 // 16 = 12 batches an epoch, two epochs, three batches a step


def test_checkpoints_are_pruned_to_keep(tmp_path: Path) -> None:
    run = train(tiny("", "run.save=2", "run.keep=2"), tmp_path)
    assert sorted(path.name for path in run.checkpoints.glob("step-*")) == ["step-00000010", "step-00000012"]


def test_divergence_keeps_the_last_good_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="diverged at step") as caught:
        train(tiny("", "optimizer.lr=1e38", "optimizer.use=sgd", "run.steps=50", "run.log=1"), tmp_path)
    run = Run.open(tmp_path)
    assert caught.value.exit_code == 4
    assert run.status["state"] == "diverged"
    assert not list(run.checkpoints.glob("step-*"))


def test_nothing_is_saved_once_a_weight_is_not_finite(tmp_path: Path) -> None:
    with pytest.raises(DivergedError):
        train(tiny("", "optimizer.lr=1e38", "optimizer.use=sgd", "run.save=1", "run.log=50", "run.sample=50"), tmp_path)
    saved = sorted(Run.open(tmp_path).checkpoints.glob("step-*/model.safetensors"))
    assert all(torch.isfinite(t).all() for path in saved for t in _tensors(path).values())


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load

    return load(path.read_bytes())


def test_a_schedule_sets_the_rate_of_each_step(tmp_path: Path) -> None:
    text = '[optimizer]\nuse = "sgd"\nlr = 0.1\n[schedule]\nuse = "linear"\n[schedule.generator]\nuse = "constant"'
    run = train(tiny(text, "run.steps=4"), tmp_path)
    groups = json.loads((run.latest / "state.json").read_text())["optimizers"]
    assert groups["discriminator"]["param_groups"][0]["lr"] == pytest.approx(0.1 * (1 - 3 / 4))
    assert groups["generator"]["param_groups"][0]["lr"] == pytest.approx(0.1)


def test_one_player_can_have_its_own_optimizer(tmp_path: Path) -> None:
    text = '[optimizer]\nuse = "adam"\nlr = 1e-3\n[optimizer.discriminator]\nuse = "sgd"\nlr = 0.5\nmomentum = 0.9'
    run = train(tiny(text, "run.steps=2"), tmp_path)
    groups = json.loads((run.latest / "state.json").read_text())["optimizers"]
    assert groups["discriminator"]["param_groups"][0]["momentum"] == 0.9
    assert "betas" in groups["generator"]["param_groups"][0]


def test_a_missing_tracker_is_told_before_there_is_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trackers, "get_available_trackers", list)
    with pytest.raises(SetupError, match="'tensorboard', which is not installed"):
        train(tiny("", "run.trackers=['tensorboard']"), tmp_path)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("assignments", "error", "message"),
    [
        (["run.batch_size=500"], DataError, "200 examples, fewer than one batch of 500"),
        (['run.precision="fp16"'], IncompatibleError, "needs a GPU"),
        (["run.trackers=['tensorbord']"], RecipeError, "Did you mean 'tensorboard'"),
        (["optimizer.discriminater.lr=1"], RecipeError, "Did you mean 'discriminator'"),
        (["optimizer.use=sgd", "optimizer.nesterov=true"], RecipeError, "Nesterov momentum requires a momentum"),
        (["run.compile=true", 'regularizer=[{use="r1"}]'], IncompatibleError, "no second derivative"),
    ],
)
def test_refused_before_training(
    assignments: list[str], error: type[GanzooError], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        train(_with_regularizer(assignments), tmp_path)
    assert not list(tmp_path.glob("*/checkpoints/step-*"))


def _with_regularizer(assignments: list[str]):  # type: ignore[no-untyped-def]
    text = '[[regularizer]]\nuse = "r1"' if any("r1" in one for one in assignments) else ""
    return tiny(text, *(one for one in assignments if "r1" not in one))


def test_a_run_that_cannot_be_written_says_where(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="--out"):
        train(tiny(), tmp_path / "file")


def test_unfinished_finds_the_newest_run_of_the_same_recipe(tmp_path: Path) -> None:
    recipe = tiny("", "run.steps=5")
    run = train(recipe, tmp_path)
    assert unfinished(tmp_path, recipe, PLUGINS.zoo) is None
    run.write_status("interrupted", 5)
    found = unfinished(tmp_path, recipe, PLUGINS.zoo)
    assert found is not None and found.folder == run.folder
    assert unfinished(tmp_path, tiny("", "run.steps=5", "run.seed=3"), PLUGINS.zoo) is None


def test_a_resumed_run_keeps_its_recipe(tmp_path: Path) -> None:
    run = train(tiny("", "run.steps=5"), tmp_path)
    with pytest.raises(RunError, match=r"optimizer\.lr cannot change in the middle of a run"):
        run.recipe(PLUGINS.zoo, ["optimizer.lr=1"])


def test_a_raising_watcher_does_not_stop_a_run(tmp_path: Path) -> None:
    seen = []

    class Watcher:
        @ganzoo.hookimpl
        def ganzoo_step_end(self, run: Run, t: int, logs: dict[str, float]) -> None:
            seen.append(t)
            raise RuntimeError("as plugins do")

    from ganzoo.registry import discovery

    plugins = discovery.load()
    plugins.manager.register(Watcher(), "watcher")
    run = loop.train(tiny(), plugins, tmp_path)
    assert run.status["state"] == "finished"
    assert seen == [4, 6, 8, 12]
