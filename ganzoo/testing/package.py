"""An installed plugin as a whole, as checks see it."""

from __future__ import annotations

from dataclasses import dataclass

from ganzoo.registry.discovery import PluginInfo, Plugins
from ganzoo.testing.component import Component


@dataclass(frozen=True)
class Package:
    """The entry points of one owner; `plugins` is everything that is installed."""

    owner: str
    rows: tuple[PluginInfo, ...]
    plugins: Plugins
    components: tuple[Component, ...] = ()

    def __str__(self) -> str:
        return f"plugin {self.owner}"
