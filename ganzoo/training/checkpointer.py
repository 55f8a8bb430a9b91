"""Checkpoints of a training run: saved while all values are finite."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.config.recipe import RunSettings
from ganzoo.errors import RunError, SetupError
from ganzoo.runs import averages, checkpoint, status
from ganzoo.sampling.run import Run
from ganzoo.training import forecast, nonfinite, state
from ganzoo.training.recorder import Recorder
from ganzoo.training.session import Session
from ganzoo.utils import distributed


class Checkpointer:
    """Saves checkpoints while all values are finite, and restores the last one.

    Args:
        run: The run folder.
        settings: The table `run` of the recipe.
        session: The networks, optimizers and data that are saved.
        recorder: Reports failures.
        packages: Distribution -> version, of the distributions with components of the recipe.
    """

    def __init__(
        self, run: Run, settings: RunSettings, session: Session, recorder: Recorder, packages: Mapping[str, str]
    ):
        self.run = run
        self.settings = settings
        self.recorder = recorder
        self.packages = packages
        self.engine = session.engine
        self.ema = session.ema
        self.batches = session.batches
        self.newest: Path | None = None  # that this process wrote, or started from
        self.saved_at = -1
        self.checked_at = -1

    def start(self, folder: Path, threads: int | str | None = None) -> tuple[int, list[str]]:
        """Load a checkpoint.

        Args:
            folder: The folder of the checkpoint.
            threads: See state.restore().

        Returns:
            Its step, and the differences because of which results may differ in the last bits from now on.

        Raises:
            RunError: The checkpoint is damaged or does not fit the recipe.
        """
        saved = checkpoint.read(folder)
        step, remarks = state.restore(saved, self.engine, self.ema, self.batches, self.packages, threads)
        self.newest = folder
        self.saved_at = step
        return step, remarks

    def check(self, t: int) -> None:
        """Check that all values are finite, once for each step.

        Args:
            t: Number of steps done.

        Raises:
            NonFiniteError: A value is NaN or infinite.
        """
        if self.checked_at == t:
            return
        self.checked_at = t
        self.recorder.skipped(t, self.engine.skipped, self.engine.moved)
        nonfinite.check_moves(self.engine, t)
        nonfinite.check(self.engine, t)

    def save(self, t: int, last: bool) -> None:
        """Write a checkpoint of step t, unless it has been written.

        Args:
            t: Number of steps done.
            last: No later checkpoint will be written, so that a failure ends the run.

        Raises:
            NonFiniteError: A value is NaN or infinite.
            SetupError: The last checkpoint cannot be written.
        """
        if t == self.saved_at:
            return
        self.check(t)
        captured = state.capture(self.engine, self.ema, self.batches, t, self.packages)
        keep, main, agree = self.settings.keep, distributed.is_main(), self.all_agree
        failure = None
        try:
            with self.recorder.timed(forecast.CHECKPOINTS):
                self.newest = checkpoint.write(self.run.checkpoints, t, captured, keep=keep, main=main, everyone=agree)
            self.saved_at = t
        except OSError as error:
            failure = error
        if failure and last:
            raise SetupError(
                f"the checkpoint of step {t} could not be written: {failure}. {self.last_good()} Make room, then "
                f"{status.how_to_go_on(self.run.folder)}"
            ) from failure
        self.recorder.saved(t, failure)

    def save_averages(self, t: int) -> None:
        """Write a snapshot of each average with `power`, from which others are rebuilt later.

        Args:
            t: Number of steps done.

        Raises:
            NonFiniteError: A value is NaN or infinite.
            SetupError: A file cannot be written.
        """
        self.check(t)
        if not distributed.is_main():
            return
        of_run = self.settings.averages or {}
        try:
            averages.write(
                self.run.folder,
                t,
                {name: one.average for name, one in self.ema.others.items() if of_run[name].power is not None},
            )
        except OSError as error:
            raise SetupError(
                f"the averages of step {t} could not be written: {error}. Make room, then "
                f"{status.how_to_go_on(self.run.folder)}"
            ) from error

    def restore(self) -> int:
        """Restore networks, optimizers and averaged weights from the newest checkpoint.

        Data and noise continue from their present position.

        Returns:
            The step of the checkpoint.

        Raises:
            RunError: There is no checkpoint, or it is damaged.
        """
        if self.newest is None:
            raise RunError(self.last_good())
        step = state.restore_players(checkpoint.read(self.newest), self.engine, self.ema)
        self.engine.history.clear()
        self.checked_at = step
        return step

    def all_agree(self, vote: bool) -> bool:
        """Return True when every process votes True; each waits for the others."""
        return distributed.all_agree(vote, self.engine.accelerator.device)

    def last_good(self) -> str:
        """Return a sentence that names the newest checkpoint, for messages."""
        return f"The last good checkpoint is {self.newest}." if self.newest else "No checkpoint was saved yet."
