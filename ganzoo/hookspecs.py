"""The hooks of plugins: a package implements any of these functions, each with `@ganzoo.hookimpl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from ganzoo.interfaces import Spec
    from ganzoo.registry.zoo import Zoo
    from ganzoo.sampling.run import Run

hookspec = pluggy.HookspecMarker("ganzoo")
hookimpl = pluggy.HookimplMarker("ganzoo")


@dataclass(frozen=True)
class Suggestion:
    """Networks and settings that `ganzoo suggest` may write into a recipe.

    Attributes:
        name: What they are, in a few words, such as "width 16".
        tables: The tables of a recipe by name, except [dataset]: "procedure", "generator", ... "run" may set
            `batch_size` and others; steps and intervals are set by the command.
        fewest_steps: Steps after which samples are worth looking at. A machine that makes fewer in the time gets the
            next suggestion.
        most_steps: Steps after which more change little.
        reasons: Comments by setting, such as {"generator.width": "as wide as the time allows"}; "regularizer.0.use" is
            that of the first [[regularizer]].
    """

    name: str
    tables: Mapping[str, Any]
    fewest_steps: int
    most_steps: int
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stop:
    """Request to stop the training, which `ganzoo_run_start` or `ganzoo_step_end` returns.

    The run finishes its step, saves a checkpoint and ends like one that was stopped by a signal; `ganzoo resume`
    continues it. Several processes agree on a step within about a second.

    Attributes:
        reason: Why, in a few words; it is recorded with the name of the plugin.
    """

    reason: str


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
def ganzoo_suggest(spec: Spec, examples: int, border: float) -> Any:
    """Suggest networks for pictures.

    Args:
        spec: Shape of the pictures; `classes` is 0 when there are no labels, or too few pictures of a class.
        examples: Number of pictures.
        border: Value in [-1, 1] that most of the outermost pixels have, such as 1 on white; 0 where they differ.

    Returns:
        An iterable of ganzoo.Suggestion, the best and slowest first.
    """


@hookspec
def ganzoo_models() -> Any:
    """Return a folder of exports, a path or a Traversable, in which `ganzoo sample NAME` finds trained models."""


@hookspec
def ganzoo_run_start(run: Run) -> Stop | None:
    """Act before the first step of training. Called on the main process only, as are the next two hooks.

    Args:
        run: The run.

    Returns:
        ganzoo.Stop(reason) to stop after the first step; None to train.
    """


@hookspec
def ganzoo_step_end(run: Run, t: int, logs: Mapping[str, float]) -> Stop | None:
    """Act after a step whose numbers are logged, every `run.log` steps.

    Args:
        run: The run.
        t: Steps trained so far.
        logs: The logged numbers by name.

    Returns:
        ganzoo.Stop(reason) to stop after this step; None to continue.
    """


@hookspec
def ganzoo_run_end(run: Run) -> None:
    """Act after training has ended.

    Args:
        run: The run; `run.status` says how it ended.
    """
