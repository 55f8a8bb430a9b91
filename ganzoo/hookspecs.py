"""The plugin API on one screen: what a package may implement, each with `@ganzoo.hookimpl`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from ganzoo.registry.zoo import Zoo
    from ganzoo.sampling.run import Run

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@hookspec
def ganzoo_register(zoo: Zoo) -> None:
    """Add components: zoo.add(kind, name, target, summary=..., paper=...)."""


@hookspec
def ganzoo_recipes() -> Any:
    """A folder of recipes (a path or a Traversable), so that `ganzoo run NAME` finds them."""


@hookspec
def ganzoo_run_start(run: Run) -> None:
    """A run is about to train its first step. Main process only, like the two below."""


@hookspec
def ganzoo_step_end(run: Run, t: int, logs: Mapping[str, float]) -> None:
    """Step t has ended and its numbers were read: called every `run.log` steps."""


@hookspec
def ganzoo_run_end(run: Run) -> None:
    """A run has ended; `run.status` says how."""
