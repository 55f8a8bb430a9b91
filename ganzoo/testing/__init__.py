"""The conformance kit: what the interfaces promise, asked of every component of a plugin.

    @pytest.mark.parametrize("check", ganzoo.testing.checks("ganzoo-swirl"), ids=str)
    def test_keeps_its_promises(check):
        check()

`ganzoo test ganzoo-swirl` does the same without pytest. The built-in plugins are held to the same checks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganzoo.errors import GanzooError, did_you_mean
from ganzoo.interfaces import Spec
from ganzoo.registry import discovery
from ganzoo.registry.versions import deprecated
from ganzoo.testing import promises
from ganzoo.testing.check import BrokenPromiseError, Check
from ganzoo.testing.component import SPECS, Component
from ganzoo.testing.package import Package

__all__ = ["BrokenPromiseError", "Check", "checks"]


def __getattr__(name: str) -> Any:
    """Return the public names of earlier versions, with a warning (PEP 562)."""
    if name == "Broken":
        deprecated("ganzoo.testing.Broken is deprecated: use ganzoo.testing.BrokenPromiseError. It goes in ganzoo 0.3.")
        return BrokenPromiseError
    raise AttributeError(f"module 'ganzoo.testing' has no attribute {name!r}")


def checks(
    plugin: str,
    *,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    specs: Sequence[Spec] = (),
    plugins: discovery.Plugins | None = None,
) -> list[Check]:
    """Every promise of every component of an installed plugin, each a callable that raises BrokenPromiseError.

    plugin: a distribution, an owner, or owner/entry point. settings: for components that need some, or are slow by
    default, by kind and name: {"dataset clouds": {"path": "..."}}. specs: data of other shapes than the usual ones,
    for networks to be tried on. plugins: those of discovery.load(), unless given.
    Errors: GanzooError when no plugin of that name is installed.
    """
    plugins = plugins or discovery.load()
    rows = [row for row in plugins.rows if plugin in row.names]
    if not rows:
        known = {name for row in plugins.rows for name in row.names}
        near = did_you_mean(plugin, sorted(known))
        raise GanzooError(f"no plugin {plugin!r} is installed.{near} `ganzoo plugins` lists them.")
    owner = rows[0].owner
    given = settings or {}
    components = tuple(
        Component(entry, plugins, given.get(f"{entry.kind} {entry.name}", {}), (*specs, *SPECS), given)
        for entry in plugins.zoo.entries()
        if entry.owner == owner
    )
    made = promises.of("plugin", Package(owner, tuple(rows), plugins, components))
    for component in components:
        made += promises.of(component.entry.kind, component)
    return made
