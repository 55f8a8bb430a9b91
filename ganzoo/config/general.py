"""Settings that all components of a kind have, which the core reads itself: one function a kind, with its name."""

from __future__ import annotations

from pydantic import PositiveInt


def dataset(per_class: PositiveInt | None = None) -> None:
    """Describe the settings of every dataset.

    Args:
        per_class: Number of examples of each class to train on, chosen by run.seed; by default all.
    """
