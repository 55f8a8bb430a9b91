"""Registration of components without a package: `@ganzoo.register("generator", "mine")`."""

from __future__ import annotations

from functools import partial
from typing import Any

from ganzoo.errors import GanzooError
from ganzoo.objects import given
from ganzoo.objects.factory import describe_object
from ganzoo.registry import registered


def register(kind: str, name: str, target: Any = None, *, summary: str = "", paper: str = "") -> Any:
    """Register a component in this process, under a name that recipes and overrides may use.

    It is called as a decorator, `@ganzoo.register("generator", "mine")`, or with the component. Registering a name
    again, as by running a cell of a notebook twice, replaces it. Another process does not know it: a component that
    commands shall find belongs into a package, which `ganzoo new` begins.

    Args:
        kind: Kind of the component, such as "generator" or "loss".
        name: Lower-case name. A built-in component of this name is addressed first; this one is "python/NAME".
        target: What `ganzoo.train()` takes as this component, such as a class; None to use it as a decorator.
        summary: One line of description; by default the first line of the docstring.
        paper: URL or arXiv id.

    Returns:
        `target` itself, or a decorator that returns what it decorates.

    Raises:
        GanzooError: There is no such kind, the name is malformed, or no component can be made of `target`.
    """
    if target is None:
        return partial(register, kind, name, summary=summary, paper=paper)
    try:
        built_by = given.target(kind, target)
        described = summary or (getattr(target, "__doc__", "") or "").strip().partition("\n")[0]
        registered.add(kind, name, built_by, described or describe_object(target), paper)
    except ValueError as error:
        raise GanzooError(f"{error}.") from error
    return target
