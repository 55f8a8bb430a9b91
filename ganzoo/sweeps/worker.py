"""A worker of a sweep: it trains and scores trials, alone or beside other workers, until none is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from time import sleep, time

from ganzoo.config.recipe import Recipe
from ganzoo.errors import Aborted, GanzooError, Interrupted
from ganzoo.registry.discovery import Plugins
from ganzoo.runs import resume
from ganzoo.sampling.run import Run
from ganzoo.sweeps.claims import Claims, NoClaims
from ganzoo.sweeps.scoring import Scoring
from ganzoo.sweeps.trials import Trial
from ganzoo.training import loop
from ganzoo.utils.signals import StopFlag

POLL = 2.0  # seconds between two looks at the trials of other workers


class Worker:
    """Trains and scores the trials of a sweep.

    Args:
        trials: The trials.
        out: The folder of runs. Finished runs in it are used, and unfinished ones are resumed.
        plugins: The loaded plugins.
        scoring: The scores to compute of each run.
        say: Called with each message for the user.
        shared: Share the trials with other workers: leave one that another worker has claimed to it, and wait for it;
            when that worker ends without finishing it, this one goes on with its run.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        out: Path,
        plugins: Plugins,
        scoring: Scoring,
        say: Callable[[str], None],
        shared: bool = False,
    ):
        self.trials = trials
        self.out = out
        self.plugins = plugins
        self.scoring = scoring
        self.say = say
        self.shared = shared
        self.claims = Claims(out) if shared else NoClaims()
        self.runs = dict[str, Run]()  # that were finished here, by key of the trial
        self.failures = dict[str, GanzooError]()  # by key of the trial
        self.began_at = time()

    def work(self) -> list[Run]:
        """Work until every trial has its run, or has failed.

        Returns:
            The runs of the trials that did not fail, in their order.

        Raises:
            Interrupted: A signal asked this process to stop. What was trained is saved.
            GanzooError: Every trial failed; the first error.
        """
        waiting = False
        flag = StopFlag()
        with flag if self.shared else nullcontext():  # a person who presses Ctrl-C does not wait for the scores
            while left := [trial for trial in self.trials if not self._is_over(trial)]:
                if any(self._attempt(trial, flag) for trial in left):
                    waiting = False
                    continue
                if not waiting:
                    self.say(f"waiting for {len(left)} of {len(self.trials)} trainings, which other processes have")
                waiting = True
                self._stop_if_asked(flag)
                sleep(POLL)
        runs = [run for trial in self.trials if (run := self.run_of(trial))]
        if not runs and self.failures:
            raise next(iter(self.failures.values()))
        return runs

    def run_of(self, trial: Trial) -> Run | None:
        """Return the run of a trial that is finished and scored, None while there is none."""
        if trial.key in self.runs:
            return self.runs[trial.key]
        name = self.claims.run_of(trial.key)
        run = Run(self.out / name)
        try:
            finished = bool(name) and run.status.get("state") == "finished" and self.scoring.is_done(run)
        except GanzooError:  # the run was removed
            return None
        return run if finished else None

    def _is_over(self, trial: Trial) -> bool:
        """Return True for a trial that has its run, or has failed, here or in another process."""
        if trial.key not in self.failures and (error := self.claims.failure(trial.key, self.began_at)):
            self.failures[trial.key] = GanzooError(error)
        return trial.key in self.failures or self.run_of(trial) is not None

    def _attempt(self, trial: Trial, flag: StopFlag) -> bool:
        """Finish a trial; return False when another worker has it."""
        with self.claims.take(trial.key) as taken:
            if taken and not self._is_over(trial):  # another worker may have finished it meanwhile
                self._finish(trial)
                self._stop_if_asked(flag)
        return taken

    def _finish(self, trial: Trial) -> None:
        """Train and score a trial, and record its run; or record why that is impossible."""
        self.say(f"{self.trials.index(trial) + 1} of {len(self.trials)}: {trial.label}")
        try:
            run = trained(trial.recipe, self.out, self.plugins)
            if not self.scoring.is_done(run):
                self.say(f"evaluating {run.folder.name}")
                self.scoring.compute(run, self.plugins, self.say)
        except (Interrupted, Aborted):
            raise
        except GanzooError as error:
            self.claims.fail(trial.key, error.message)
            self._fail(trial, error)
        else:
            self.runs[trial.key] = run
            self.claims.finish(trial.key, run.folder)

    def _fail(self, trial: Trial, error: GanzooError) -> None:
        self.failures[trial.key] = error
        self.say(f"{trial.label}: {error.message}")

    def _stop_if_asked(self, flag: StopFlag) -> None:
        """Raise Interrupted when a signal came while no training ran, which would have stopped by itself."""
        if flag:
            raise Interrupted(f"stopped by {flag.reason}. Go on with the same command: finished trainings are kept.")


def trained(recipe: Recipe, out: Path, plugins: Plugins) -> Run:
    """Train a recipe, unless a finished run of it exists; an unfinished one is resumed.

    Args:
        recipe: The recipe; only runs of exactly this recipe count.
        out: The folder of runs.
        plugins: The loaded plugins.

    Returns:
        The finished run.

    Raises:
        GanzooError: The training failed, or was stopped.
    """
    if finished := next(resume.same_recipe(out, recipe, plugins.zoo, finished=True), None):
        return Run(finished.folder)
    unfinished = resume.unfinished(out, recipe, plugins.zoo)
    return loop.train(recipe, plugins, out, resume.at_newest_whole(unfinished) if unfinished else None)
