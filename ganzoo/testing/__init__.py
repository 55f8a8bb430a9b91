"""The conformance kit: checks the components of a plugin against what the interfaces promise.

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
from ganzoo.testing.subjects import SPECS, Component, Package

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
    """Return a check for each promise of each component of an installed plugin.

    Args:
        plugin: A distribution, an owner, or owner/entry point.
        settings: Settings of components by kind and name, {"dataset clouds": {"path": "..."}}: for those that need
            some, or that are slow with their defaults.
        specs: Data of other shapes to check networks on, before the usual ones.
        plugins: The result of discovery.load(), unless the installed plugins are meant.

    Returns:
        Callables that raise BrokenPromiseError; those of the plugin as a whole come first.

    Raises:
        GanzooError: No plugin of that name is installed.
    """
    plugins = plugins or discovery.load()
    rows = [row for row in plugins.rows if plugin in row.names]
    if not rows:
        known = {name for row in plugins.rows for name in row.names}
        near = did_you_mean(plugin, sorted(known))
        raise GanzooError(f"no plugin {plugin!r} is installed.{near} `ganzoo plugins` lists them.")
    owner = rows[0].owner
    all_settings = settings or {}
    components = tuple(
        Component(entry, plugins, all_settings.get(f"{entry.kind} {entry.name}", {}), (*specs, *SPECS), all_settings)
        for entry in plugins.zoo.entries()
        if entry.owner == owner
    )
    result = promises.of("plugin", Package(owner, tuple(rows), plugins, components))
    for component in components:
        result += promises.of(component.entry.kind, component)
    return result
