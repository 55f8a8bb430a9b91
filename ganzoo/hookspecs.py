"""The hooks of plugins: a package implements any of these functions, each with `@ganzoo.hookimpl`."""

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
    """Register components, each by zoo.add(kind, name, target, summary=..., paper=...).

    Args:
        zoo: The registry of the plugin's components.
    """


@hookspec
def ganzoo_recipes() -> Any:
    """Return a folder of recipes, a path or a Traversable, in which `ganzoo run NAME` finds them."""


@hookspec
def ganzoo_run_start(run: Run) -> None:
    """Act before the first step of training. Called on the main process only, as are the next two hooks.

    Args:
        run: The run.
    """


@hookspec
def ganzoo_step_end(run: Run, t: int, logs: Mapping[str, float]) -> None:
    """Act after a step whose numbers are logged, every `run.log` steps.

    Args:
        run: The run.
        t: Steps trained so far.
        logs: The logged numbers by name.
    """


@hookspec
def ganzoo_run_end(run: Run) -> None:
    """Act after training has ended.

    Args:
        run: The run; `run.status` says how it ended.
    """
