"""Runs that end early: by `evaluate.patience`, and because a plugin asks for it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

import ganzoo
from ganzoo.errors import IncompatibleError, Interrupted, RecipeError
from ganzoo.metrics import best
from ganzoo.registry import discovery
from ganzoo.runs import resume, status
from ganzoo.runs.comparison import compare
from ganzoo.runs.scores import Score
from ganzoo.sampling.run import Run
from ganzoo.training import loop
from helpers.commands import ganzoo as command
from helpers.killed import differences, killed_after
from helpers.support import tiny, train, weights_hash

PLANNED = [5.0, 3.0, 4.0, 2.5, 2.5, 2.6, 1.0, 1.5, 1.2, 1.1, 0.5]
"""The score of the first evaluation, of the second, ...: patience 2 ends after the sixth, 3 after the tenth."""
JUDGED = "[evaluate]\nevery = 2\nsamples = 9\n[[metric]]\nuse = 'planned'"


class Planned(ganzoo.Metric):
    """Gives the scores of PLANNED, by the number of evaluations of the present run."""

    better: ClassVar = {"planned": "lower"}
    sees = "samples"
    scored: ClassVar[list[Path]] = []

    def __call__(self, evidence: ganzoo.Evidence) -> Mapping[str, float]:
        scores = Run(self.scored[-1]).scores()
        return {"planned": PLANNED[len({score.step for score in scores})]}


class Nearer(Planned):
    better: ClassVar = {"planned": "nearer"}


class Plugin:
    @ganzoo.hookimpl
    def ganzoo_register(self, zoo: ganzoo.Zoo) -> None:
        zoo.add("metric", "planned", Planned)
        zoo.add("metric", "undecided", Nearer)

    @ganzoo.hookimpl
    def ganzoo_run_start(self, run: Run) -> None:
        Planned.scored.append(run.folder)


PLUGINS = discovery.load()
PLUGINS.zoo.merge(discovery.load({"tests/planned": Plugin()}).zoo)
PLUGINS.manager.register(Plugin(), "tests/planned")


def trained(out: Path, *changes: str, text: str = JUDGED) -> Run:
    settings = ("run.steps=22", "run.log=2", "run.save=4", "run.keep=20", *changes)
    return train(tiny(text, *settings, plugins=PLUGINS), out, plugins=PLUGINS)


def go_on(run: Run, *changes: str) -> Run:
    return train(run.recipe(PLUGINS.zoo, changes), run.folder.parent, run, PLUGINS)


def steps(run: Run) -> list[int]:
    return [score.step for score in run.scores()]


@pytest.fixture(scope="module")
def early(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("early"), "evaluate.patience=2")


def test_it_ends_when_no_score_was_better_for_so_many_evaluations(early: Run) -> None:
    assert steps(early) == [2, 4, 6, 8, 10, 12]
    told = "ended early: no planned of 2 evaluations is better than 2.5 at step 8 (evaluate.patience=2)"
    content = early.status
    assert (content["state"], content["step"], content["steps"], content["ended"]) == ("finished", 12, 22, told)
    assert early.latest.name == "step-00000012" and early.best and early.best.name == "step-00000008"
    assert (early.samples / "step-00000012.png").is_file()
    report = status.report(early.folder)
    assert (report.state, report.note) == ("finished", told)


def test_without_patience_it_never_ends_early(tmp_path: Path) -> None:
    run = trained(tmp_path)
    assert run.status["step"] == 22 and "ended" not in run.status


@pytest.mark.parametrize("step", [4, 8, 12])
def test_a_killed_run_ends_at_the_same_step(step: int, early: Run, tmp_path: Path) -> None:
    """At step 12 it was killed after its scores and its checkpoint were written, and before its end was."""
    killed = killed_after(step, early, tmp_path / "killed")
    go_on(killed)
    assert killed.status == {**killed.status, "state": "finished", "step": 12, "ended": early.status["ended"]}
    assert steps(killed) == steps(early) and weights_hash(killed) == weights_hash(early)


def test_a_run_killed_while_it_was_evaluated_is_evaluated_again(early: Run, tmp_path: Path) -> None:
    killed = killed_after(8, early, tmp_path / "killed")
    lines = (killed.folder / "scores.jsonl").read_text().splitlines(keepends=True)
    (killed.folder / "scores.jsonl").write_text("".join(lines[:3]))
    go_on(killed)
    assert steps(killed) == steps(early) and weights_hash(killed) == weights_hash(early)


def test_with_more_patience_it_goes_on_bit_for_bit(early: Run, tmp_path: Path) -> None:
    patient = trained(tmp_path / "straight", "evaluate.patience=3")
    assert patient.status["step"] == 20  # no better one than 1.0 at step 14 in three evaluations
    run = killed_after(12, early, tmp_path / "parts")
    run.write_status("finished", 12, steps=22, ended="so")
    go_on(run, "evaluate.patience=3")
    assert run.status["step"] == 20 and steps(run) == steps(patient)
    assert differences(run, patient) == []


def test_with_more_steps_it_goes_on_to_the_next_evaluation_that_is_better(early: Run, tmp_path: Path) -> None:
    run = killed_after(12, early, tmp_path / "parts")
    run.write_status("finished", 12, steps=22, ended="so")
    go_on(run, "run.steps=40")
    assert run.status["step"] == 18 and steps(run) == [2, 4, 6, 8, 10, 12, 14, 16, 18]  # 1.0 at step 14


def test_a_last_score_between_two_evaluations_does_not_count(tmp_path: Path) -> None:
    """A run of 9 steps is evaluated at step 9, which one of 22 steps is not."""
    run = trained(tmp_path, "evaluate.patience=2", "run.steps=9")
    assert steps(run) == [2, 4, 6, 8, 9]
    kind = {"name": "planned", "floor": None, "better": "lower", "protocol": {}}
    told = [Score(step=t, value=v, **kind) for t, v in [(2, 5.0), (4, 3.0), (6, 4.0), (8, 2.5), (9, 0.1), (10, 2.5)]]
    assert best.standing(told, "", 2, 10) == best.Standing(told[3], 1)
    assert best.standing(told, "", 2, 11) is None


@pytest.mark.parametrize(("better", "first"), [("lower", 4), ("higher", 2)])
def test_the_earliest_best_counts_and_other_protocols_do_not(better: str, first: int) -> None:
    told = [
        *[Score(t, "a", value, None, better, {"samples": 9}) for t, value in [(2, 5.0), (4, 3.0), (6, 3.0), (8, 5.0)]],
        Score(6, "a", 9.0 if better == "higher" else 0.0, None, better, {"samples": 5}),
        Score(4, "b", 9.0 if better == "higher" else 0.0, None, better, {"samples": 9}),
    ]
    standing = best.standing(told, "a", 2, 8)
    assert standing and (standing.best.step, standing.since) == (first, (8 - first) // 2)


def test_what_has_ended_is_finished_for_other_commands(early: Run, tmp_path: Path) -> None:
    recipe = early.recipe(PLUGINS.zoo)
    assert resume.is_finished(resume.at(early), recipe)
    assert not resume.is_finished(resume.at(early), early.recipe(PLUGINS.zoo, ["evaluate.patience=3"]))
    assert not resume.is_finished(resume.at(early), early.recipe(PLUGINS.zoo, ["run.steps=40"]))
    assert not resume.is_finished(resume.at(early, early.checkpoints / "step-00000004"), recipe)
    assert [run.folder for run in resume.same_recipe(early.folder.parent, recipe, PLUGINS.zoo, finished=True)] == [
        early.folder
    ]
    found, reasons = resume.to_continue(early.folder.parent, recipe, PLUGINS.zoo)
    assert found is None and reasons == [f"{early.folder.name} is finished, at step 12"]
    patient = early.recipe(PLUGINS.zoo, ["evaluate.patience=3"])
    found, _ = resume.to_continue(early.folder.parent, patient, PLUGINS.zoo)
    assert found and found.folder == early.folder


def test_runs_of_one_patience_share_a_row_whatever_their_length(early: Run, tmp_path: Path) -> None:
    other = Run(killed_after(8, early, tmp_path / "other").folder)
    lines = (other.folder / "scores.jsonl").read_text().splitlines(keepends=True)
    (other.folder / "scores.jsonl").write_text("".join(lines[:4]))
    table = compare([early, other])
    assert len(table.rows) == 1 and table.unequal == {}
    resolved = other.resolved
    resolved["recipe"]["evaluate"]["patience"] = 5
    (other.folder / "resolved.json").write_text(json.dumps(resolved))
    assert [row.label for row in compare([early, other]).rows] == ["evaluate.patience=2", "evaluate.patience=5"]


def test_patience_without_evaluations_or_direction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"\[evaluate\]: patience counts evaluations: add every"):
        tiny("[evaluate]\npatience = 3")
    with pytest.raises(IncompatibleError, match="no score of this run is better when it is higher or lower"):
        trained(tmp_path, "evaluate.patience=2", text=JUDGED.replace("planned", "undecided"))
    assert not [*tmp_path.iterdir()]


class Asking:
    """Asks the run to stop, at its start or after a step."""

    def __init__(self, at: int, answer: Any):
        self.at = at
        self.answer = answer

    @ganzoo.hookimpl
    def ganzoo_run_start(self, run: Run) -> Any:
        return self.answer if self.at == 0 else None

    @ganzoo.hookimpl
    def ganzoo_step_end(self, run: Run, t: int, logs: Mapping[str, float]) -> Any:
        return self.answer if t == self.at else None


@pytest.fixture
def plugins() -> Iterator[discovery.Plugins]:
    yield discovery.load()


@pytest.mark.parametrize(("at", "step"), [(0, 1), (8, 8)])
def test_a_plugin_may_ask_a_run_to_stop(at: int, step: int, plugins: discovery.Plugins, tmp_path: Path) -> None:
    plugins.manager.register(Asking(at, ganzoo.Stop("good \x1b[31menough")), "acme/asking")
    plugins.manager.register(Asking(at, None), "acme/silent")
    with pytest.raises(Interrupted) as stopped:
        loop.train(tiny(), plugins, tmp_path)
    told = rf"stopped by plugin acme/asking (good \x1b[31menough) after step {step} of 12; everything is saved."
    assert stopped.value.exit_code == 75 and told in stopped.value.message
    run = Run.open(tmp_path)
    assert run.status["state"] == "interrupted" and told in run.status["error"]
    assert run.latest.name == f"step-{step:08d}"
    go_on(run)
    assert run.status["state"] == "finished"
    assert weights_hash(run) == weights_hash(train(tiny(), tmp_path / "straight"))


@pytest.mark.parametrize("answer", ["stop", True, ganzoo.Stop])
def test_other_answers_stop_nothing(answer: Any, plugins: discovery.Plugins, tmp_path: Path) -> None:
    plugins.manager.register(Asking(8, answer), "acme/asking")
    assert loop.train(tiny(), plugins, tmp_path).status["state"] == "finished"


def test_resume_says_how_to_train_on(early: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "load", lambda: PLUGINS)
    result = command("resume", str(early.folder))
    assert result.exit_code == 0, result.stderr
    assert f"nothing was trained.\nTrain longer: ganzoo resume {early.folder} evaluate.patience=4" in result.stderr
