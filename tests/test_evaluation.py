"""From a run to scores: what is drawn, what it is compared with, what is written, and that training stays as it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import nan
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from click.testing import CliRunner

import ganzoo
from ganzoo import DataError, Evidence, IncompatibleError, Metric
from ganzoo.cli import cli
from ganzoo.config import instantiate
from ganzoo.errors import RecipeError, RunError
from ganzoo.evaluation import evaluated_recipe
from ganzoo.metrics.evaluator import Evaluator
from ganzoo.metrics.reference import Reference
from ganzoo.registry import discovery
from ganzoo.sampling.run import Run
from ganzoo.training import dry_run
from ganzoo_builtins.datasets.in_memory import InMemoryDataset
from helpers.support import CONDITIONAL, PLUGINS, tiny, train, weights_hash

JUDGED = "[evaluate]\nevery = 4\nsamples = 50\n[[metric]]\nuse = 'frechet_distance'"


class Spy(Metric):
    """The mean of what was generated; remembers what it was shown."""

    better: ClassVar = {"mean": "lower", "labels": "nearer"}
    sees = "samples"
    shown: ClassVar[list[Evidence]] = []

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        self.shown.append(evidence)
        y = evidence.fake.y
        return {"mean": float(evidence.fake.x.mean()), "labels": -1.0 if y is None else float(y.double().mean())}


class Noisy(Spy):
    """Draws from every generator there is."""

    better: ClassVar = {"noise": "lower"}

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        return {"noise": float(torch.rand(()))}


class Failing(Spy):
    """Fails at the second look."""

    better: ClassVar = {"failing": "lower"}

    def __call__(self, evidence: Evidence) -> Mapping[str, float]:
        self.shown.append(evidence)
        if len(self.shown) == 3:  # each time once for the samples; once for the floor
            raise ZeroDivisionError("no such number")
        return {"failing": 1.0}


class Guesses(InMemoryDataset):
    """Images whose labels nobody can read."""

    spec = ganzoo.Spec((1, 8, 8), classes=4)

    def load(self) -> ganzoo.Batch:
        noise = torch.Generator().manual_seed(0)
        x = torch.randint(0, 256, (400, 1, 8, 8), generator=noise, dtype=torch.uint8)
        return {"x": x, "y": torch.randint(0, 4, (400,), generator=noise)}


class Plugin:
    @ganzoo.hookimpl
    def ganzoo_register(self, zoo: ganzoo.Zoo) -> None:
        zoo.add("dataset", "guesses", Guesses)
        zoo.add("metric", "spy", Spy, summary="What it was shown")
        zoo.add("metric", "failing", Failing, summary="A failure")
        zoo.add("metric", "noisy", Noisy, summary="A draw")


WITH_SPY = discovery.load()
WITH_SPY.zoo.merge(discovery.load({"acme/metrics": Plugin()}).zoo)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    Spy.shown.clear()
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.ema=0.9"), tmp_path_factory.mktemp("runs"))


def test_a_metric_is_shown_real_held_out_and_generated_samples(run: Run) -> None:
    ganzoo.evaluate(run, ["acme/spy"], samples=30, plugins=WITH_SPY)
    generated, floor = Spy.shown
    data = instantiate.dataset(run.recipe(PLUGINS.zoo))
    split = Reference.from_dataset(data)
    assert torch.equal(generated.fake.x, ganzoo.load(run).sample(30, seed=0))
    assert torch.equal(generated.real.x, split.real.samples) and torch.equal(generated.held.x, split.held.samples)
    assert torch.equal(floor.fake.x, split.held.samples[:30])
    assert generated.fake.y is None and type(generated.data) is type(data)


def test_a_conditional_gan_is_asked_for_classes_as_the_data_has_them(tmp_path: Path) -> None:
    ganzoo.evaluate(train(tiny(CONDITIONAL), tmp_path), ["acme/spy"], samples=20, plugins=WITH_SPY)
    shown = Spy.shown[0]
    assert shown.fake.y is not None and shown.real.y is not None
    assert torch.equal(shown.fake.y, shown.real.y[:20])


def test_scores_are_written_with_what_they_rest_on(run: Run) -> None:
    before = len(run.scores())
    (score,) = ganzoo.evaluate(run, ["frechet_distance"], samples=40, seed=3)
    assert run.scores()[before:] == [score]
    assert (score.step, score.name, score.better) == (12, "frechet_distance@raw", "lower")
    told = score.protocol
    assert (told["samples"], told["seed"], told["weights"]) == (40, 3, "averaged")
    assert told["data"]["use"] == "ganzoo/ring" and told["extractor"]["use"] == "ganzoo/raw"
    assert told["metric"] == {"use": "ganzoo/frechet_distance"}
    assert "half of the data" in told["real"] or "training data" in told["real"]


def test_the_same_evaluation_gives_the_same_numbers(run: Run) -> None:
    first, second = (ganzoo.evaluate(run, ["frechet_distance"], samples=40) for _ in range(2))
    assert first == second


def test_another_seed_draws_other_samples(run: Run) -> None:
    (one,), (other,) = (ganzoo.evaluate(run, ["frechet_distance"], samples=40, seed=seed) for seed in (0, 1))
    assert one.value != other.value and one.floor == other.floor


def test_as_many_are_drawn_as_are_held_out(run: Run) -> None:
    (score,) = ganzoo.evaluate(run, ["frechet_distance"])
    held = len(Reference.from_dataset(instantiate.dataset(run.recipe(PLUGINS.zoo))).held)
    assert score.protocol["samples"] == held


def test_training_is_the_same_bit_for_bit_with_and_without(tmp_path: Path) -> None:
    alone = train(tiny("", "run.ema=0.9"), tmp_path / "alone")
    noisy = f"{JUDGED}\n[[metric]]\nuse = 'noisy'"
    judged = train(tiny(noisy, "run.ema=0.9", plugins=WITH_SPY), tmp_path / "judged", plugins=WITH_SPY)
    assert weights_hash(alone) == weights_hash(judged)
    assert [score.step for score in judged.scores()] == [4, 4, 8, 8, 12, 12]


def test_the_best_checkpoint_is_kept(tmp_path: Path) -> None:
    run = train(tiny(JUDGED, "run.save=3", "run.keep=2", "run.steps=24"), tmp_path)
    lowest = min(run.scores(), key=lambda score: score.value)
    assert run.best == run.checkpoints / f"step-{lowest.step:08d}"
    assert ganzoo.load(run.checkpoints / "best").sample(2, seed=0).shape == (2, 2)
    (again,) = ganzoo.evaluate(run.checkpoints / "best", ["frechet_distance"], samples=50)
    assert again.value == pytest.approx(lowest.value, rel=1e-6)


def test_what_is_best_may_be_any_result_by_name(tmp_path: Path) -> None:
    text = JUDGED.replace("samples = 50", "samples = 50\nbest = 'mean'") + "\n[[metric]]\nuse = 'spy'"
    run = train(tiny(text, plugins=WITH_SPY), tmp_path, plugins=WITH_SPY)
    means = {score.step: score.value for score in run.scores() if score.name == "mean"}
    assert run.best and run.best.name == f"step-{min(means, key=means.__getitem__):08d}"


def test_a_metric_that_fails_while_a_run_trains_costs_its_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "[evaluate]\nevery = 4\nsamples = 9\n[[metric]]\nuse = 'failing'"
    run = train(tiny(text, plugins=WITH_SPY), tmp_path, plugins=WITH_SPY)
    assert run.status["state"] == "finished"
    assert [score.step for score in run.scores()] == [4, 12]
    assert "step 8 could not be judged: ZeroDivisionError: no such number" in capsys.readouterr().err


def test_a_best_that_nothing_gives_is_refused_before_training(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"none of the metrics gives 'frechet'.*Did you mean 'frechet_distance'"):
        train(tiny(JUDGED, "evaluate.best=frechet"), tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_run_that_goes_on_forgets_the_scores_of_later_steps(tmp_path: Path) -> None:
    run = train(tiny(JUDGED, "run.save=8"), tmp_path)
    before = [(score.step, score.value) for score in run.scores()]
    (run.checkpoints / "latest").write_text("step-00000008")
    train(run.recipe(PLUGINS.zoo), tmp_path, resume=run)
    assert [(score.step, score.value) for score in run.scores()] == before


def test_metrics_that_make_no_sense_are_named(run: Run) -> None:
    with pytest.raises(RunError, match="not a run folder"):
        ganzoo.evaluate(run.folder.parent / "nothing")
    with pytest.raises(ganzoo.GanzooError, match="no metric named 'frechet'"):
        ganzoo.evaluate(run, ["frechet"])
    with pytest.raises(RecipeError, match="an evaluation can change only"):
        ganzoo.evaluate(run, changes=["run.steps=3"])


def test_without_names_every_metric_that_makes_sense(run: Run) -> None:
    recipe = run.recipe(PLUGINS.zoo)
    names = [one.name for one in Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False).metrics]
    assert "frechet_distance" in names
    assert all(PLUGINS.zoo.find("metric", name).load().by_default for name in names)


def test_token_ids_are_refused() -> None:
    recipe = tiny("", "dataset.use=oracle")
    with pytest.raises(IncompatibleError, match="token ids"):
        Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False)


def test_the_command_prints_scores_and_protocol(run: Run) -> None:
    asked = ["evaluate", str(run.folder), "--metric", "frechet_distance", "-n", "40"]
    shown = CliRunner().invoke(cli, asked)
    assert shown.exit_code == 0, shown.output
    assert "frechet_distance@raw" in shown.stdout and "weights averaged, seed 0" in shown.stdout
    document = json.loads(CliRunner().invoke(cli, [*asked, "--json"]).stdout)
    (score,) = document["scores"]
    assert score["name"] == "frechet_distance@raw" and f"{score['value']:.4g}" in shown.stdout
    assert set(document["verdict"]) == {"level", "text", "reasons", "advice"}
    assert shown.stdout.startswith(document["verdict"]["text"]), "the verdict comes first"
    assert "generating 40 samples\nmetric 1 of 1: frechet_distance\n" in shown.stderr


def test_the_command_shows_scores_in_the_order_in_which_they_are_read(run: Run) -> None:
    names = ["diversity", "density_coverage", "precision_recall", "frechet_distance"]
    asked = ["evaluate", str(run.folder), "-n", "60", *(part for name in names for part in ("--metric", name))]
    shown = CliRunner().invoke(cli, asked).stdout
    rows = [line.split("@")[0] for line in shown.splitlines() if "@raw" in line]
    assert rows[:4] == ["frechet_distance", "recall", "precision", "coverage"] and len(rows) == 7


def test_a_setting_of_the_extractor_that_would_be_chosen_anyway(run: Run) -> None:
    with pytest.raises(RecipeError, match="extractor 'raw' has no setting 'steps'"):
        ganzoo.evaluate(run, changes=["extractor.steps=3"])


def test_of_metrics_nobody_asked_for_those_that_cannot_judge_are_left_out(run: Run) -> None:
    recipe = tiny("", "evaluate.samples=2")
    evaluator = Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False)
    evaluator.metrics = [one for one in evaluator.metrics if one.name in ("frechet_distance", "precision_recall")]
    scores = evaluator(ganzoo.load(run).sample, 12, {})
    assert {*evaluator.left_out} == {"precision_recall"} and {one.name for one in scores} == {"frechet_distance@raw"}


def test_what_is_left_out_is_told(run: Run) -> None:
    words: list[str] = []
    scores = ganzoo.evaluate(run, samples=2, told=words.append)
    assert "frechet_distance@raw" in [one.name for one in scores]
    assert [word for word in words if word.startswith("precision_recall is left out: ")]


def test_where_all_are_left_out_there_is_no_evaluation(run: Run) -> None:
    recipe = tiny("", "evaluate.samples=2")
    evaluator = Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False)
    evaluator.metrics = [one for one in evaluator.metrics if one.name == "precision_recall"]
    with pytest.raises(
        IncompatibleError, match="no metric can process these samples: metric precision_recall looks at 3"
    ):
        evaluator(ganzoo.load(run).sample, 12, {})


def test_two_metrics_of_one_name_have_floors_of_their_own(run: Run) -> None:
    tables = "".join(f"[[metric]]\nuse = 'precision_recall'\nneighbours = {k}\n" for k in (1, 20))
    recipe = tiny(tables, "evaluate.samples=50")
    evaluator = Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False)
    floors = [one.floor for one in evaluator(ganzoo.load(run).sample, 12, {}) if one.name == "recall@raw"]
    assert floors[0] is not None and floors[1] is not None and floors[0] < floors[1]


def test_a_score_that_is_no_finite_number_is_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = tiny("[[metric]]\nuse = 'frechet_distance'\n", "evaluate.samples=20")
    evaluator = Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False)
    monkeypatch.setattr(
        type(evaluator.metrics[0].component), "__call__", lambda self, evidence: {"frechet_distance": nan}
    )
    with pytest.raises(IncompatibleError, match="frechet_distance is not a finite number"):
        evaluator(ganzoo.load(run).sample, 12, {})


def test_other_metrics_of_a_run_that_keeps_the_best_by_one_of_its_own(run: Run, tmp_path: Path) -> None:
    resolved = run.resolved
    resolved["recipe"] |= {"metric": [{"use": "precision_recall"}], "evaluate": {"best": "recall", "seed": 5}}
    (tmp_path / "resolved.json").write_text(json.dumps(resolved))
    recipe = evaluated_recipe(Run(tmp_path), PLUGINS.zoo, ["frechet_distance"], None, [])
    assert recipe.evaluate.seed == 5
    Evaluator(recipe, instantiate.dataset(recipe), PLUGINS.zoo, conditional=False)  # does not ask for recall


def test_an_extractor_that_the_recipe_names_keeps_its_settings(run: Run, tmp_path: Path) -> None:
    resolved = run.resolved
    resolved["recipe"]["extractor"] = {"use": "ganzoo/referee", "steps": 7}
    (tmp_path / "resolved.json").write_text(json.dumps(resolved))
    for name, steps in (("referee", 7), ("ganzoo/referee", 7), ("raw", None)):
        extractor = evaluated_recipe(Run(tmp_path), PLUGINS.zoo, [], name, []).extractor
        assert extractor and extractor.filled().get("steps") == steps


def test_a_setting_of_a_metric_that_was_not_asked_for(run: Run) -> None:
    with pytest.raises(RecipeError, match="name it by --metric"):
        evaluated_recipe(run, PLUGINS.zoo, [], None, ["metric.0.size=10"])


def test_what_has_to_be_fetched_is_told_before_anything_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_DATA", str(tmp_path / "nothing"))
    recipe = tiny(f"{CONDITIONAL}\n{JUDGED}\n[extractor]\nuse = 'inception'")
    with pytest.raises(DataError, match="weights-inception"):
        dry_run.inspect(recipe, PLUGINS.zoo)
    with pytest.raises(DataError, match="weights-inception"):
        train(recipe, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_where_no_referee_can_be_trained_the_next_extractor_is_used(cache: Path) -> None:
    told: list[str] = []

    def evaluator(text: str) -> Evaluator:
        recipe = tiny("[dataset]\nuse = 'guesses'\n" + text, plugins=WITH_SPY)
        return Evaluator(recipe, instantiate.dataset(recipe), WITH_SPY.zoo, False, told.append)

    judge = evaluator("[evaluate]\nsamples = 50\n[[metric]]\nuse = 'kernel_distance'")
    assert judge.results == ["kernel_distance@referee"]
    (score,) = judge(lambda n, y, seed: torch.zeros(n, 1, 8, 8), 1, {})
    assert score.name == "kernel_distance@rotations"
    assert "extractor referee: it reads" in told[0] and told[0].endswith("Now using rotations.")

    for text in (
        "[extractor]\nuse = 'referee'",  # named
        "[[metric]]\nuse = 'class_coverage'",  # needs classes
        "[evaluate]\nbest = 'kernel_distance@referee'",  # a score by the referee is asked for
    ):
        with pytest.raises(IncompatibleError, match="extractor referee: it reads"):
            evaluator(text).prepare()
