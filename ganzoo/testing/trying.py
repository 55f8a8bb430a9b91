"""The one small example of a procedure that all of its checks share."""

from __future__ import annotations

from ganzoo.testing import examples, parts
from ganzoo.testing.check import BrokenPromiseError, not_asked
from ganzoo.testing.component import Component
from ganzoo.testing.example import Example


def sought(component: Component) -> Example | BrokenPromiseError:
    """The example, or why there is none; it is looked for once."""
    component.target  # noqa: B018  leaves the check where it does not load
    if "example" not in component.kept:
        try:
            example = examples.find(component.entry, parts.beside(component.plugins), component.settings)
            component.kept["example"] = example
        except BrokenPromiseError as refusal:
            component.kept["example"] = refusal
    found: Example | BrokenPromiseError = component.kept["example"]
    return found


def example_of(component: Component) -> Example:
    """The check is left where there is none: that is one promise's finding, not every one's."""
    found = sought(component)
    if isinstance(found, BrokenPromiseError):
        not_asked("there is no small example of it")
    return found


def runnable(component: Component) -> Example:
    """The same, where a run takes it."""
    example = trainable(component)
    if example.unfit:
        not_asked("its samples are not like the data")
    return example


def trainable(component: Component) -> Example:
    """The same, where the engine takes it: that it does is a promise of its own."""
    example = example_of(component)
    if example.orphans:
        not_asked("a parameter of it belongs to no player, or a player has none")
    return example
