"""A worker of a sweep: what it trains, leaves to others, and takes over from them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest

from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.sweeps import worker as workers
from ganzoo.sweeps.claims import Claims
from ganzoo.sweeps.scoring import Scoring
from ganzoo.sweeps.trials import Sweep, trials
from ganzoo.sweeps.worker import Worker
from helpers.support import toml

JUDGED = '\n[evaluate]\nsamples = 40\n[[metric]]\nuse = "frechet_distance"\n[extractor]\nuse = "raw"\n'


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    recipe = tmp_path / "small.toml"
    recipe.write_text(toml() + JUDGED)
    return Sweep(str(recipe), ("run.steps=2",), ("loss.use=hinge,minimax",), 1, tmp_path / "runs")


def _worker(sweep: Sweep, said: list[str], shared: bool = True, scoring: Scoring = Scoring()) -> Worker:  # noqa: B008
    plugins = discovery.load()
    return Worker(trials(sweep, plugins), sweep.out, plugins, scoring, said.append, shared)


def test_a_trial_has_one_key_whatever_the_recipe_is_called(sweep: Sweep, tmp_path: Path) -> None:
    plugins = discovery.load()
    hinge, minimax = trials(sweep, plugins)
    assert hinge.label == "loss.use=hinge seed 0" and hinge.key != minimax.key
    (tmp_path / "other.toml").write_text("# another name\n" + toml() + JUDGED)
    other = Sweep(str(tmp_path / "other.toml"), ("run.steps=2", "run.threads=1"), ("loss.use=hinge",))
    assert [trial.key for trial in trials(other, plugins)] == [hinge.key]  # the machine's threads do not count


def test_equal_combinations_are_trained_once(sweep: Sweep) -> None:
    twice = Sweep(sweep.recipe, sweep.changes, ("loss.use=hinge,ganzoo/hinge",), 1, sweep.out)
    assert [trial.label for trial in trials(twice, discovery.load())] == ["loss.use=hinge seed 0"]


def test_arguments_of_a_sweep_are_those_of_the_command() -> None:
    sweep = Sweep("gan", ("run.steps=2",), ("loss.use=a,b", "run.ema=0,0.9"), 3, Path("there"))
    assert sweep.arguments() == [
        *("gan", "run.steps=2", "--over", "loss.use=a,b", "--over", "run.ema=0,0.9"),
        *("--seeds", "3", "--out", "there"),
    ]


def test_a_worker_waits_for_a_claimed_trial_and_goes_on_with_it_when_it_is_free(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    worker = _worker(sweep, said)
    other = ExitStack()
    assert other.enter_context(Claims(sweep.out).take(worker.trials[0].key))
    monkeypatch.setattr(workers, "sleep", lambda seconds: other.close())  # the other worker dies meanwhile
    runs = worker.work()
    order = [text for text in said if text.startswith(("1 of", "2 of", "waiting"))]
    assert order == [
        "2 of 2: loss.use=minimax seed 0",
        "waiting for 1 of 2 trainings, which other processes have",
        "1 of 2: loss.use=hinge seed 0",
    ]
    assert [run.resolved["recipe"]["loss"]["use"] for run in runs] == ["ganzoo/hinge", "ganzoo/minimax"]
    assert all(len(run.scores()) == 1 for run in runs)


def test_what_another_worker_has_finished_is_neither_trained_nor_scored_again(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = [run.folder for run in _worker(sweep, []).work()]
    monkeypatch.setattr(workers.loop, "train", _refuse)
    monkeypatch.setattr(Scoring, "compute", _refuse)
    said: list[str] = []
    assert [run.folder for run in _worker(sweep, said).work()] == first and said == []


def test_a_run_that_was_removed_is_trained_again(sweep: Sweep) -> None:
    (folder, _) = [run.folder for run in _worker(sweep, []).work()]
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() or path.is_symlink() else path.rmdir()
    folder.rmdir()
    again = [run.folder for run in _worker(sweep, []).work()]
    assert folder not in again and len(again) == 2


def test_a_trial_that_fails_is_tried_once_by_all_workers_of_a_sweep(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts: list[Any] = []

    def diverges(recipe: Any, *_: Any) -> NoReturn:
        attempts.append(recipe.resolved()["loss"]["use"])
        raise GanzooError("diverged")

    first, second = _worker(sweep, []), _worker(sweep, [])
    monkeypatch.setattr(workers.loop, "train", diverges)
    for worker in (first, second):
        with pytest.raises(GanzooError, match="diverged"):
            worker.work()
    assert attempts == ["ganzoo/hinge", "ganzoo/minimax"]
    with pytest.raises(GanzooError, match="diverged"):
        _worker(sweep, []).work()  # one that is started later tries them again
    assert attempts == ["ganzoo/hinge", "ganzoo/minimax"] * 2


def test_scores_that_never_come_are_computed_once(sweep: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    monkeypatch.setattr(Scoring, "compute", lambda self, run, *_: computed.append(run.folder.name))
    runs = _worker(sweep, [], scoring=Scoring(results=("no_such",))).work()
    assert computed == [run.folder.name for run in runs] and len(runs) == 2


@pytest.mark.parametrize(
    ("scoring", "done"),
    [
        (Scoring(), True),
        (Scoring(results=("frechet_distance",), extractor="ganzoo/raw", samples=40), True),
        (Scoring(results=("recall",)), False),
        (Scoring(extractor="referee"), False),
        (Scoring(samples=41), False),
    ],
)
def test_scores_that_were_asked_for_are_recognized(sweep: Sweep, scoring: Scoring, done: bool) -> None:
    one = Sweep(sweep.recipe, sweep.changes, (), 1, sweep.out)
    (run,) = _worker(one, [], shared=False).work()
    assert scoring.is_done(run) == done
    status = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps({**status, "step": 3}))
    assert not scoring.is_done(run)  # they are of an earlier step


def test_a_worker_alone_leaves_no_claims_behind(sweep: Sweep) -> None:
    assert len(_worker(sweep, [], shared=False).work()) == 2
    assert not (sweep.out / ".sweep").exists()


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("nothing is left to do")
