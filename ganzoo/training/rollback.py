"""Rollback to the last checkpoint after NaN or infinite values."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import DivergedError
from ganzoo.runs import layout
from ganzoo.training.checkpointer import Checkpointer
from ganzoo.training.nonfinite import NonFiniteError

LIMIT = 3  # rollbacks to one checkpoint; after that the run has diverged


class Rollback:
    """Goes back to the last checkpoint when values are no longer finite, if `run.on_nonfinite` is "rollback".

    Networks, optimizers and averaged weights are restored. Data and noise continue from their present position: the
    same batches and noise would diverge again.

    Args:
        checkpointer: Saves and restores the checkpoints.
    """

    def __init__(self, checkpointer: Checkpointer):
        self.checkpointer = checkpointer
        self.target: Path | None = None
        self.count = 0

    def __call__(self, error: NonFiniteError, t: int) -> int:
        """Roll back.

        Args:
            error: The values that are not finite.
            t: Number of steps done.

        Returns:
            The step of the checkpoint.

        Raises:
            DivergedError: The recipe asks for no rollback, there is no checkpoint, or it did not help.
        """
        checkpointer = self.checkpointer
        newest = checkpointer.newest
        if newest != self.target:
            self.target = newest
            self.count = 0
        position = {"batches_drawn": checkpointer.batches.position, "checkpoint": newest.name if newest else None}
        checkpointer.recorder.diverged({**error.facts, "what": error.what, **position})
        possible = checkpointer.settings.on_nonfinite == "rollback" and newest is not None
        if not possible or self.count == LIMIT:
            after = f" after {LIMIT} rollbacks to the same checkpoint" if possible else ""
            raise DivergedError(
                f"diverged at step {t}{after}: {error.what}. {checkpointer.last_good()} "
                f"{checkpointer.run.folder / layout.DIVERGED} tells more. "
                "Try a smaller learning rate or run.clip=1.0."
            )
        step = checkpointer.restore()
        self.count += 1
        checkpointer.recorder.rolled_back(t, step, error.what)
        return step
