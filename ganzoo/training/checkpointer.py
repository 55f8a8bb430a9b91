"""What a run can fall back on: saved while its numbers are sound, and the way back when they no longer are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ganzoo.config.recipe import RunSettings
from ganzoo.errors import DivergedError, SetupError
from ganzoo.runs import checkpoint
from ganzoo.sampling.run import Run
from ganzoo.training import nonfinite, state
from ganzoo.training.nonfinite import NonFiniteError
from ganzoo.training.recorder import Recorder
from ganzoo.training.session import Session
from ganzoo.utils import distributed

ROLLBACKS = 3  # to one checkpoint; then it is not bad luck


class Checkpointer:
    """Checkpoints of what is trained. `kept` is the newest that this process wrote, or started from.

    packages: versions of what the components come from.
    """

    def __init__(
        self, run: Run, settings: RunSettings, trainee: Session, recorder: Recorder, packages: Mapping[str, str]
    ):
        self.run = run
        self.settings = settings
        self.recorder = recorder
        self.packages = packages
        self.engine = trainee.engine
        self.ema = trainee.ema
        self.batches = trainee.batches
        self.kept: Path | None = None
        self.saved_at = -1
        self.looked_at = -1
        self.rollbacks = 0

    def start(self, folder: Path) -> tuple[int, list[str]]:
        """Put back a checkpoint; returns its step, and why bits may differ from now on. Errors: RunError."""
        found = state.restore(checkpoint.read(folder), self.engine, self.ema, self.batches, self.packages)
        self.kept = folder
        self.saved_at = found[0]
        return found

    def look(self, t: int) -> None:
        """Errors: NonFiniteError when something is not finite after step t."""
        if self.looked_at == t:
            return
        self.looked_at = t
        self.recorder.skipped(t, self.engine.skipped, self.engine.moved)
        nonfinite.all_skipped(self.engine, t)
        nonfinite.look(self.engine, t)

    def save(self, t: int, last: bool) -> None:
        """A checkpoint of step t, unless it is there already.

        Errors: NonFiniteError; SetupError when the last one cannot be written, for no other will be tried.
        """
        if t == self.saved_at:
            return
        self.look(t)
        mine = state.capture(self.engine, self.ema, self.batches, t, self.packages)
        keep, main = self.settings.keep, distributed.is_main()
        failure = None
        try:
            self.kept = checkpoint.write(self.run.checkpoints, t, mine, keep=keep, main=main, everyone=self.all_agree)
            self.saved_at = t
            self.rollbacks = 0
        except OSError as error:
            failure = error
        if failure and last:
            raise SetupError(
                f"the checkpoint of step {t} could not be written: {failure}. {self._kept()} "
                f"Make room, then: ganzoo resume {self.run.folder}"
            ) from failure
        self.recorder.saved(t, failure)

    def recover(self, finding: NonFiniteError, t: int) -> int:
        """Back to the last checkpoint, where that is wanted and helps; returns its step. Errors: DivergedError.

        Data and noise go on from where they are: the same ones would lead to the same end.
        """
        kept = self.kept.name if self.kept else None
        position = {"what": finding.what, "batches_drawn": self.batches.position, "checkpoint": kept}
        self.recorder.diverged({**finding.facts, **position})
        wanted = self.settings.on_nonfinite == "rollback" and self.kept is not None
        if not wanted or self.rollbacks == ROLLBACKS or self.kept is None:
            after = f" after {ROLLBACKS} rollbacks to the same checkpoint" if wanted else ""
            raise DivergedError(
                f"diverged at step {t}{after}: {finding.what}. {self._kept()} {self.run.folder / 'diverged.json'} "
                "tells more. Try a smaller learning rate or run.clip=1.0."
            )
        step = state.restore_players(checkpoint.read(self.kept), self.engine, self.ema)
        self.engine.history.clear()
        self.looked_at = step
        self.rollbacks += 1
        self.recorder.went_back(t, step, finding.what)
        return step

    def all_agree(self, vote: bool) -> bool:
        """Return True when every process votes True; each waits for the others."""
        return distributed.all_agree(vote, self.engine.accelerator.device)

    def _kept(self) -> str:
        return f"The last good checkpoint is {self.kept}." if self.kept else "No checkpoint was saved yet."
