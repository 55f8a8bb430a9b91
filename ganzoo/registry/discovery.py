"""Finds plugins by entry point. A plugin that fails costs its own components and nothing else."""

from __future__ import annotations

import os
import re
import types
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pluggy

from ganzoo import hookspecs
from ganzoo.errors import did_you_mean
from ganzoo.registry import entry_points, versions
from ganzoo.registry.entry_points import EntryPoint
from ganzoo.registry.zoo import Zoo

GROUP = "ganzoo"
DISTRIBUTION = "ganzoo-torch"  # ours: its components belong to the owner "ganzoo"


@dataclass
class PluginInfo:
    """One plugin as `ganzoo plugins` shows it. `name` is owner/entry point; status: ok, failed, incompatible or off."""

    name: str
    distribution: str
    version: str
    module: str
    status: str = "ok"
    error: str = ""
    hooks: list[str] = field(default_factory=list)
    components: int = 0

    @property
    def owner(self) -> str:
        """Whose components it brings."""
        return self.name.partition("/")[0]

    @property
    def names(self) -> tuple[str, str, str]:
        """What somebody may call it by: the owner, the distribution, or owner/entry point."""
        return self.owner, self.distribution, self.name


@dataclass
class Plugins:
    """What discovery found: the hooks, the components, and a row for every plugin, broken ones included."""

    manager: pluggy.PluginManager
    zoo: Zoo
    rows: list[PluginInfo]

    def versions(self, owners: Collection[str]) -> dict[str, str]:
        """{distribution: version} of the plugins of these owners."""
        return {row.distribution: row.version for row in self.rows if row.owner in owners}

    def callers(self, hook: str) -> Iterable[tuple[str, Any]]:
        """(plugin, caller of that plugin's `hook`) in order of registration, so that each can fail by itself."""
        for implementation in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            everyone_else = [p for p in self.manager.get_plugins() if p is not implementation.plugin]
            yield implementation.plugin_name, self.manager.subset_hook_caller(hook, everyone_else)


def load(plugins: Mapping[str, Any] | None = None) -> Plugins:
    """Every installed plugin, or exactly those given as {"owner/name": module}.

    GANZOO_DISABLE_PLUGINS=1 switches all but the built-ins off; GANZOO_BLOCK_PLUGINS=a,b the ones named
    (an owner, a distribution or owner/entry point).
    """
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    found = Plugins(manager, Zoo(), [])
    if plugins is not None:
        for name, module in plugins.items():
            _add(found, PluginInfo(name, name, "", getattr(module, "__name__", name)), lambda module=module: module)
        return found
    for point in sorted(entry_points.entry_points(GROUP), key=_order):
        row = _row(point)
        if _switched_off(row):
            row.status, row.error = "off", "switched off by GANZOO_DISABLE_PLUGINS or GANZOO_BLOCK_PLUGINS"
            found.rows.append(row)
        else:
            _add(found, row, point.load)
    return found


def _order(point: EntryPoint) -> tuple[bool, str, str]:
    return (normalised(point.distribution) != DISTRIBUTION, point.distribution, point.name)  # built-ins first


def _row(point: EntryPoint) -> PluginInfo:
    distribution = normalised(point.distribution)
    owner = "ganzoo" if distribution == DISTRIBUTION else distribution.removeprefix("ganzoo-")
    return PluginInfo(f"{owner}/{point.name}", distribution, point.version, point.value)


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _switched_off(row: PluginInfo) -> bool:
    blocked = {name.strip() for name in os.environ.get("GANZOO_BLOCK_PLUGINS", "").split(",")}
    if blocked & {*row.names}:
        return True
    return os.environ.get("GANZOO_DISABLE_PLUGINS", "") not in ("", "0") and row.distribution != DISTRIBUTION


def _add(found: Plugins, row: PluginInfo, load: Any) -> None:
    found.rows.append(row)
    plugin = None
    try:
        plugin = load()
        if (wanted := getattr(plugin, "ganzoo_api", None)) is not None:
            versions.check_version(wanted)
        _check_hook_names(plugin)
        found.manager.register(plugin, row.name)
        row.hooks = sorted(caller.name for caller in found.manager.get_hookcallers(plugin) or [])
        mine = Zoo(owner=row.owner)
        for name, register in found.callers("ganzoo_register"):
            if name == row.name:
                register(zoo=mine)
        found.zoo.merge(mine)
        row.components = len(list(mine))
    except versions.IncompatiblePluginError as error:
        _leave_out(found, row, plugin, "incompatible", str(error))
    except (Exception, SystemExit) as error:  # whatever a stranger's module does, the zoo opens
        _leave_out(found, row, plugin, "failed", f"{type(error).__name__}: {error}")


def _leave_out(found: Plugins, row: PluginInfo, plugin: Any, status: str, error: str) -> None:
    row.status, row.error, row.hooks = status, error, []
    if plugin is not None and found.manager.is_registered(plugin):
        found.manager.unregister(plugin)
    found.zoo.failures.append(f"plugin {row.name} ({row.distribution} {row.version}) {status}: {error}")


def _check_hook_names(plugin: Any) -> None:
    """Refuse a misspelt hook, and a hook that lacks its decorator: pluggy would pass over both in silence."""
    specs = [name for name in vars(hookspecs) if name.startswith("ganzoo_")]
    for name, value in list(vars(plugin).items()):
        if not isinstance(value, types.FunctionType):
            continue
        marked = hasattr(value, "ganzoo_impl")
        if (marked or name.startswith("ganzoo_")) and name not in specs:
            raise ValueError(f"no hook named {name!r}.{did_you_mean(name, specs)} Hooks: {', '.join(specs)}")
        if name in specs and not marked:
            raise ValueError(f"{name}() needs the decorator @ganzoo.hookimpl")
