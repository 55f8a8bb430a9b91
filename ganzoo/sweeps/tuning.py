"""Search for good settings by Optuna: each trial is a run, and one that falls behind is stopped early."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from ganzoo.config import locate, resolver
from ganzoo.errors import DivergedError, GanzooError, Interrupted, RecipeError, RunError, SetupError, did_you_mean
from ganzoo.hookspecs import Stop, hookimpl
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import resume
from ganzoo.runs.scores import BEST_OF
from ganzoo.sampling.run import Run
from ganzoo.sweeps.claims import FOLDER, Claims
from ganzoo.sweeps.space import overrides, parse
from ganzoo.sweeps.trials import key_of
from ganzoo.sweeps.worker import trained

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

    from ganzoo.registry.zoo import Entry

HOOK = "ganzoo/tune"  # name of the plugin that stops trials
NEW = "new"  # the claim of a worker that begins a trial
EVALUATIONS = 9  # of a trial, when the recipe does not say how many
RANDOM_TRIALS = 6  # drawn at random before Optuna learns from them
REDUCTION = 3  # of the trials that have come to 1, 3, 9, ... evaluations, the best third goes on
POLL = 2.0  # seconds between two looks at the trials of other workers
MOMENT = 0.1  # seconds between two attempts to begin a trial
JOURNAL = "study.journal"
RUN, STEPS, LENGTH = "run", "steps", "length"  # facts that are kept with a trial


@dataclass(frozen=True)
class Search:
    """Settings to search, and the score to search by.

    Attributes:
        recipe: Name or path of the recipe.
        settings: KEY=A..B, KEY=log:A..B and KEY=A,B,C for what is searched; KEY=A for overrides of all trials.
        result: The score, such as "frechet_distance".
        trials: Number of trials of the study, those of earlier calls and of other workers included.
        out: The folder of runs.
        seed: Seed of the search.
    """

    recipe: str
    settings: tuple[str, ...]
    result: str
    trials: int = 40
    out: Path = Path("runs")
    seed: int = 0


@dataclass(frozen=True)
class Outcome:
    """A trial that is over.

    Attributes:
        number: Its number in the study, from 0.
        state: "complete", "pruned" or "failed".
        value: The newest score; None for a trial without any.
        settings: The values that were tried.
        steps: Steps that were trained.
        length: Steps of a whole training.
        run: Name of the run folder.
    """

    number: int
    state: str
    value: float | None
    settings: Mapping[str, Any]
    steps: int
    length: int
    run: str


class Tuner:
    """A worker of a search. Any number of them, on any number of machines, may work on one study in a shared folder.

    Args:
        search: What is searched.
        plugins: The loaded plugins.
        say: Called with each message for the user.

    Raises:
        RecipeError: The recipe, a setting or the score is wrong.
        SetupError: Optuna is not installed.
    """

    def __init__(self, search: Search, plugins: Plugins, say: Callable[[str], None]):
        try:
            import optuna
        except ImportError:
            raise SetupError("`ganzoo tune` needs Optuna: pip install 'ganzoo-torch[tune]'") from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.search = search
        self.plugins = plugins
        self.say = say
        space, fixed = parse(search.settings)
        metric, better = _metric(search.result, plugins)
        self.space = space
        self.metric = metric
        self.better = better
        self.path = locate.find(search.recipe, plugins)
        self.given = fixed
        self.fixed = [*fixed, *self._evaluation(fixed)]
        self.base = resolver.read(self.path, self.fixed, plugins.zoo)[0]
        self.claims = Claims(search.out)
        self.failure: GanzooError | None = None  # the first of a trial

    @cached_property
    def key(self) -> str:
        """Name of the study: equal for the same recipe, settings, score and seed."""
        space = {name: str(part) for name, part in self.space.items()}
        asked = {"space": space, "result": self.search.result, "seed": self.search.seed}
        return key_of({**resume.comparable(self.base), "search": asked})

    @cached_property
    def study(self) -> Study:
        """The study, in a journal beside the runs; one that was begun goes on."""
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        folder = self.search.out / FOLDER
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{folder}: {error.strerror}. Give another folder with --out.") from error
        study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(folder / JOURNAL))),
            study_name=self.key,
            load_if_exists=True,
            direction="minimize" if self.better == "lower" else "maximize",
            pruner=optuna.pruners.SuccessiveHalvingPruner(self.base.evaluate.every or 1, REDUCTION),
        )
        begun = len(study.trials)  # so that a worker that joins draws others than the first one did
        study.sampler = optuna.samplers.TPESampler(
            seed=self.search.seed + 1_000 * begun, n_startup_trials=RANDOM_TRIALS, multivariate=True
        )
        return study

    def work(self) -> None:
        """Run trials until the study has as many as were asked for, those of other workers included.

        Raises:
            Interrupted: A signal asked this process to stop. The trial goes on when a worker is started again.
        """
        waiting = False
        while True:
            if self._attempt():
                waiting = False
                continue
            running = self._running()
            if not running:
                return
            if not waiting:
                self.say(f"waiting for {len(running)} trials, which other processes have")
            waiting = True
            sleep(POLL)

    def outcomes(self) -> list[Outcome]:
        """Return the trials that are over, the best first; failed ones come last."""
        sign = 1.0 if self.better == "lower" else -1.0
        found = [_outcome(trial) for trial in self.study.get_trials(deepcopy=False) if trial.state.is_finished()]
        order = {"complete": 0, "pruned": 1, "failed": 2}
        return sorted(found, key=lambda one: (order[one.state], sign * one.value if one.value is not None else 0.0))

    def overrides(self, outcome: Outcome) -> list[str]:
        """Return what was tried in a trial as overrides of the recipe."""
        return overrides(outcome.settings)

    def chosen(self, outcome: Outcome) -> list[str]:
        """Return all overrides of a trial that do not only serve to watch it."""
        return [*self.given, *overrides(outcome.settings)]

    def _evaluation(self, fixed: list[str]) -> list[str]:
        """Return the overrides by which each trial computes the score several times."""
        recipe, _ = resolver.read(self.path, fixed, self.plugins.zoo)
        changes = [f"evaluate.best={self.search.result}"]
        every = recipe.evaluate.every
        if every is None and recipe.run.steps is None:
            raise RecipeError("the recipe counts epochs: say how often a trial is evaluated, evaluate.every=STEPS.")
        if every is None:
            every = math.ceil(recipe.run.steps / EVALUATIONS) if recipe.run.steps else 1
            changes.append(f"evaluate.every={every}")
        changes.append(f"run.log={max(1, min(recipe.run.log, every // 10))}")  # a score is seen when numbers are logged
        if self.metric not in [metric.entry for metric in recipe.metrics]:
            changes.append(f"metric={self.metric.full_name}")
        return changes

    def _running(self) -> list[FrozenTrial]:
        from optuna.trial import TrialState

        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _attempt(self) -> bool:
        """Go on with a trial whose worker is gone, or begin one; return False when there is none to take."""
        from optuna.trial import Trial

        for begun in self._running():
            with self.claims.take(self._claim(begun.number)) as taken:
                if taken and begun.number in [trial.number for trial in self._running()]:
                    self._run(Trial(self.study, begun._trial_id))
                    return True
        with ExitStack() as stack:
            with self._alone():
                if len(self.study.get_trials(deepcopy=False)) >= self.search.trials:
                    return False
                trial = self.study.ask({name: part.distribution() for name, part in self.space.items()})
                stack.enter_context(self.claims.take(self._claim(trial.number)))
            self._run(trial)
        return True

    def _claim(self, name: int | str) -> str:
        return f"{self.key}-{name}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Wait until no other worker begins a trial, so that they do not begin more than were asked for."""
        while True:
            with self.claims.take(self._claim(NEW)) as taken:
                if taken:
                    yield
                    return
            sleep(MOMENT)

    def _run(self, trial: Trial) -> None:
        """Train a trial, and tell the study how it ended."""
        from optuna.trial import TrialState

        changes = overrides(trial.params)
        self.say(f"trial {trial.number + 1} of {self.search.trials}: {' '.join(changes)}")
        follower = _Follower(trial, self.search.result)
        try:
            recipe, _ = resolver.read(self.path, [*self.fixed, *changes], self.plugins.zoo)
            with self._hooked(follower):
                run = trained(recipe, self.search.out, self.plugins)
            value, state = _final(run, self.search.result), TrialState.COMPLETE
            follower.note(run)
        except Interrupted:
            if not follower.is_behind:
                raise
            value, state = None, TrialState.PRUNED
        except DivergedError as error:
            self.say(f"  {error.message}")
            value, state = None, TrialState.PRUNED
        except GanzooError as error:
            self.say(f"  {error.message}")
            value, state = None, TrialState.FAIL
            self.failure = self.failure or error
        self.study.tell(trial, value, state=state)

    @contextmanager
    def _hooked(self, follower: _Follower) -> Iterator[None]:
        """Call the follower's hooks inside the block, as those of a plugin."""
        self.plugins.manager.register(follower, HOOK)
        try:
            yield
        finally:
            self.plugins.manager.unregister(follower)


class _Follower:
    """A plugin that tells a trial the scores of its run, and stops the run when the trial has fallen behind."""

    def __init__(self, trial: Trial, result: str):
        self.trial = trial
        self.result = result
        self.is_behind = False
        self._told = set(trial.study.trials[trial.number].intermediate_values)  # steps, before it was interrupted

    @hookimpl
    def ganzoo_run_start(self, run: Run) -> None:
        self.trial.set_user_attr(RUN, run.folder.name)

    @hookimpl
    def ganzoo_step_end(self, run: Run) -> Stop | None:
        for score in run.scores():
            if score.result == self.result and score.step not in self._told:
                self._told.add(score.step)
                self.trial.report(score.value, score.step)
                self.is_behind = self.is_behind or self.trial.should_prune()
        return Stop("other trials are better") if self.is_behind else None

    @hookimpl
    def ganzoo_run_end(self, run: Run) -> None:
        self.note(run)

    def note(self, run: Run) -> None:
        """Note the run of the trial, and its steps."""
        self.trial.set_user_attr(RUN, run.folder.name)
        self.trial.set_user_attr(STEPS, run.status.get("step", 0))
        self.trial.set_user_attr(LENGTH, run.resolved.get("steps", 0))


def _metric(result: str, plugins: Plugins) -> tuple[Entry, str]:
    """Return the metric that gives a result, and whether "lower" or "higher" is better."""
    found: dict[str, tuple[Entry, str]] = {}
    for entry in plugins.zoo:
        if entry.kind == "metric":
            for name, better in entry.load().better.items():
                found.setdefault(name, (entry, better))
    if result not in found:
        raise RecipeError(f"no metric gives {result!r}.{did_you_mean(result, found)} There are: {', '.join(found)}")
    entry, better = found[result]
    if better not in BEST_OF:
        raise RecipeError(f"{result} has no best: it is to be near that of real samples. Search by another score.")
    return entry, better


def _final(run: Run, result: str) -> float:
    """Return the newest value of a score."""
    values = [score.value for score in run.scores() if score.result == result]
    if not values:
        raise RunError(f"{run.folder} has no {result}: it could not be computed.")
    return values[-1]


def _outcome(trial: FrozenTrial) -> Outcome:
    states = {"COMPLETE": "complete", "PRUNED": "pruned"}
    facts = trial.user_attrs
    return Outcome(
        trial.number,
        states.get(trial.state.name, "failed"),
        trial.value if trial.value is not None else trial.intermediate_values.get(trial.last_step or 0),
        trial.params,
        int(facts.get(STEPS, 0)),
        int(facts.get(LENGTH, 0)),
        str(facts.get(RUN, "")),
    )
