"""A search by Optuna: trials are runs, those that fall behind stop, and several workers share a study."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ganzoo.errors import DivergedError, GanzooError, Interrupted, RecipeError, SetupError
from ganzoo.registry import discovery
from ganzoo.runs.folder import RunFolder
from ganzoo.runs.scores import Score
from ganzoo.sweeps import tuning
from ganzoo.sweeps.tuning import Outcome, Search, Tuner
from helpers.commands import ganzoo
from helpers.support import toml

pytest.importorskip("optuna")
JUDGED = '\n[evaluate]\nsamples = 40\n[extractor]\nuse = "raw"\n'


@pytest.fixture
def search(tmp_path: Path) -> Search:
    recipe = tmp_path / "small.toml"
    recipe.write_text(toml() + JUDGED)
    settings = ("run.steps=18", "run.threads=1", "optimizer.lr=log:1e-4..1e-2", "loss.use=hinge,minimax")
    return Search(str(recipe), settings, "frechet_distance", 4, tmp_path / "runs")


def _tuner(search: Search, said: list[str] | None = None) -> Tuner:
    return Tuner(search, discovery.load(), (said if said is not None else []).append)


def _scored(monkeypatch: pytest.MonkeyPatch, values: Any) -> None:
    """Let the score of a run be a function of its learning rate and the step, in place of the true one."""
    read = RunFolder.scores

    def scores(run: RunFolder) -> list[Score]:
        rate = run.resolved["recipe"]["optimizer"]["lr"]
        return [replace(score, value=values(rate, score.step)) for score in read(run)]

    monkeypatch.setattr(RunFolder, "scores", scores)


def test_a_search_finds_the_best_and_stops_those_that_fall_behind(
    search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scored(monkeypatch, lambda rate, step: abs(rate - 1e-3))
    said: list[str] = []
    tuner = _tuner(replace(search, trials=8), said)
    tuner.work()
    outcomes = tuner.outcomes()
    assert sorted(outcome.number for outcome in outcomes) == [*range(8)]
    assert next(text for text in said if text.startswith("trial")).startswith("trial 1 of 8: optimizer.lr=0.00")
    complete = [outcome for outcome in outcomes if outcome.state == "complete"]
    pruned = [outcome for outcome in outcomes if outcome.state == "pruned"]
    assert outcomes == complete + pruned and len(pruned) >= 3
    assert complete[0].value == min(outcome.value for outcome in complete if outcome.value is not None)
    assert all(outcome.steps == 18 for outcome in complete) and all(outcome.steps < 18 for outcome in pruned)
    for outcome in outcomes:
        run = RunFolder(search.out / outcome.run)
        rate = run.resolved["recipe"]["optimizer"]["lr"]
        assert rate == float(f"{outcome.settings['optimizer.lr']:.4g}") and outcome.length == 18
        assert run.status["state"] == ("finished" if outcome.state == "complete" else "interrupted")
    assert tuner.chosen(complete[0])[:2] == ["run.steps=18", "run.threads=1"]
    assert "run.log" not in " ".join(tuner.chosen(complete[0]))


def test_the_same_command_goes_on_with_the_study(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _tuner(replace(search, trials=2))
    first.work()
    trained: list[Path] = []
    train = tuning.trained

    def noted(*arguments: Any) -> Any:
        trained.append(arguments[1])
        return train(*arguments)

    monkeypatch.setattr(tuning, "trained", noted)
    again = _tuner(replace(search, trials=2))
    again.work()
    assert trained == [] and again.outcomes() == first.outcomes()  # nothing is left to do
    more = _tuner(replace(search, trials=3))
    more.work()
    assert len(trained) == 1 and len(more.outcomes()) == 3


def test_a_trial_of_a_worker_that_is_gone_goes_on(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    train = tuning.trained

    def stopped(*_: Any) -> NoReturn:
        raise Interrupted("stopped by SIGTERM")

    monkeypatch.setattr(tuning, "trained", stopped)
    with pytest.raises(Interrupted):
        _tuner(search).work()
    monkeypatch.setattr(tuning, "trained", train)
    tuner = _tuner(replace(search, trials=1))
    (begun,) = tuner.study.trials
    tuner.work()
    (outcome,) = tuner.outcomes()
    assert (outcome.number, outcome.settings, outcome.state) == (0, begun.params, "complete")


def test_a_worker_waits_for_the_trials_of_others(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    other = _tuner(search)
    held = other.claims.take(other._claim(0))
    other.study.ask({name: part.distribution() for name, part in other.space.items()})
    assert held.__enter__()
    said: list[str] = []
    monkeypatch.setattr(tuning, "sleep", lambda seconds: held.__exit__(None, None, None))
    _tuner(replace(search, trials=1), said).work()
    lines = [text for text in said if text.startswith(("trial", "waiting"))]
    assert lines[0] == "waiting for 1 trials, which other processes have" and lines[1].startswith("trial 1 of 1")


@pytest.mark.parametrize(
    ("error", "state"), [(DivergedError("diverged at step 3"), "pruned"), (GanzooError("too wide"), "failed")]
)
def test_a_trial_that_cannot_be_trained_costs_itself(
    error: GanzooError, state: str, search: Search, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, errors = tuning.trained, [error]

    def fails_once(*arguments: Any) -> Any:
        if errors:
            raise errors.pop()
        return train(*arguments)

    monkeypatch.setattr(tuning, "trained", fails_once)
    said: list[str] = []
    tuner = _tuner(replace(search, trials=2), said)
    tuner.work()
    assert [outcome.state for outcome in tuner.outcomes()] == ["complete", state]
    assert f"  {error.message}" in said


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("frechet_distence", "no metric gives 'frechet_distence'. Did you mean 'frechet_distance'?"),
        ("nearest_neighbour", "nearest_neighbour has no best"),
    ],
)
def test_a_score_that_cannot_be_searched_by_is_refused(result: str, said: str, search: Search) -> None:
    with pytest.raises(RecipeError, match=said.replace("?", "[?]")):
        _tuner(replace(search, result=result))


def test_without_optuna_the_error_names_the_extra(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "optuna", None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[tune\]'"):
        _tuner(search)


def cells(row: str) -> list[str]:
    """Return the cells of a row of a table in Markdown."""
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_command_prints_the_best_and_how_to_train_it(search: Search) -> None:
    asked = ["tune", search.recipe, *search.settings, "--trials", "2", "--out", str(search.out)]
    shown = ganzoo(*asked)
    assert shown.exit_code == 0, shown.output
    head, rule, best, *_ = shown.stdout.splitlines()
    assert len(head) == len(rule) == len(best)
    assert cells(head) == ["trial", "frechet_distance", "optimizer.lr", "loss.use", "steps", "run"]
    outcomes = [Outcome(**content) for content in json.loads(ganzoo(*asked, "--json").stdout)]
    rate, loss = float(f"{outcomes[0].settings['optimizer.lr']:.4g}"), outcomes[0].settings["loss.use"]
    assert cells(best)[1:4] == [f"{outcomes[0].value:.4g}", str(rate), loss]
    *_, last = shown.stdout.splitlines()
    assert last == (
        f"Train the best: ganzoo run {search.recipe} run.steps=18 run.threads=1 optimizer.lr={rate} loss.use={loss}"
    )
