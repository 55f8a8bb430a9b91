"""Plugins found by their entry points. A plugin that fails loses its own components and nothing else."""

from __future__ import annotations

import os
import re
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pluggy

from ganzoo import hookspecs
from ganzoo.errors import did_you_mean, one_line, printable
from ganzoo.registry import entry_points, registered, versions
from ganzoo.registry.entry_points import EntryPoint
from ganzoo.registry.zoo import BUILT_IN, Entry, Zoo
from ganzoo.utils import isolation
from ganzoo.utils.isolation import Isolated

GROUP = "ganzoo"
DISTRIBUTION = "ganzoo-torch"  # the built-in components, whose owner is "ganzoo"


@dataclass
class PluginInfo:
    """A plugin and its state, as `ganzoo plugins` shows them.

    Attributes:
        name: "owner/entry point".
        distribution: Name of the installed package.
        version: Version of the installed package.
        module: Module that the entry point names.
        status: "ok", "failed", "incompatible" or "off".
        error: The reason for any other status than "ok".
        hooks: Names of the hooks that it implements.
        components: Number of components that it registers.
        remarks: What a user of it should know, in one sentence each.
    """

    name: str
    distribution: str
    version: str
    module: str
    status: str = "ok"
    error: str = ""
    hooks: list[str] = field(default_factory=list)
    components: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """The owner of its components."""
        return self.name.partition("/")[0]

    @property
    def names(self) -> tuple[str, str, str]:
        """The names by which commands and GANZOO_BLOCK_PLUGINS may address it."""
        return self.owner, self.distribution, self.name


@dataclass
class Plugins:
    """The installed plugins.

    Attributes:
        manager: pluggy's manager, which calls the hooks.
        zoo: The components of all plugins.
        rows: Every plugin, broken ones included.
        registered: The components of each plugin, by the plugin's name.
    """

    manager: pluggy.PluginManager
    zoo: Zoo
    rows: list[PluginInfo]
    registered: dict[str, list[Entry]] = field(default_factory=dict)

    def names_of_others(self, info: PluginInfo) -> list[str]:
        """Return a sentence for each component of a plugin that recipes cannot call by its bare name."""
        return [
            f'{entry.kind} {entry.name!r}: write "{entry.full_name}" for it; '
            + ("the bare name is the built-in one" if self._is_built_in(entry) else "other plugins have that name too")
            for entry in self.registered.get(info.name, [])
            if self.zoo.shortest_name(entry) != entry.name
        ]

    def _is_built_in(self, entry: Entry) -> bool:
        return any(other.owner == BUILT_IN for other in self.zoo.namesakes(entry))

    def versions(self, owners: Collection[str]) -> dict[str, str]:
        """Return {distribution: version} of the plugins of these owners."""
        return {row.distribution: row.version for row in self.rows if row.owner in owners}

    def callers(self, hook: str) -> Iterator[tuple[str, Any]]:
        """Yield (plugin, caller of its `hook`) the last registered first, so that each can fail alone."""
        for implementation in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            others = [plugin for plugin in self.manager.get_plugins() if plugin is not implementation.plugin]
            yield implementation.plugin_name, self.manager.subset_hook_caller(hook, others)

    def folders(self, hook: str) -> list[tuple[str, Path]]:
        """Return pairs of an owner and a folder that its plugin names by `hook`. One that fails to is skipped."""
        found = []
        for plugin, list_folders in self.callers(hook):
            with Isolated() as isolated:
                found += [(plugin.split("/")[0], Path(str(folder))) for folder in list_folders()]
            self.zoo.failures += isolated.complaints(f"plugin {plugin}", f"in {hook}")
        return [(owner, folder) for owner, folder in found if folder.is_dir()]


def load(plugins: Mapping[str, Any] | None = None, extra: Mapping[str, Any] | None = None) -> Plugins:
    """Load the installed plugins, and the components that this process has registered.

    GANZOO_DISABLE_PLUGINS=1 turns off all but the built-in ones; GANZOO_BLOCK_PLUGINS=a,b turns off those named, each
    by its owner, its distribution or owner/entry point.

    Args:
        plugins: Load exactly these instead, given as {"owner/name": module}.
        extra: Load these too, given likewise: modules that are in no package, such as a notebook.

    Returns:
        The plugins, broken ones included.
    """
    loaded = Plugins(_new_manager(), Zoo(), [])
    if plugins is not None:
        _add_all(loaded, plugins)
        return loaded
    for point in sorted(entry_points.read(GROUP), key=_sort_key):
        info = _plugin_info(point)
        if _is_blocked(info):
            info.status = "off"
            info.error = "switched off by GANZOO_DISABLE_PLUGINS or GANZOO_BLOCK_PLUGINS"
            loaded.rows.append(info)
        else:
            _add(loaded, info, point.load)
    _add_all(loaded, extra or {})
    _add_components(loaded, registered.PLUGIN, registered.zoo())
    for info in loaded.rows:
        info.remarks += loaded.names_of_others(info)
    return loaded


def extended(plugins: Plugins, name: str, components: Zoo, hooks: Mapping[str, Any]) -> Plugins:
    """Return plugins with further components and hooks, which are in no package.

    Args:
        plugins: The plugins, which stay as they are.
        name: "owner/name" of the components.
        components: The components, each in place of the one of its kind, name and owner if there is one.
        hooks: Objects with functions marked by `hookimpl`, by "owner/name", in the order in which they are called.

    Returns:
        All of them.
    """
    manager = _new_manager()
    for registered_name, plugin in plugins.manager.list_name_plugin():
        if plugin is not None:
            manager.register(plugin, registered_name)
    zoo = Zoo(failures=[*plugins.zoo.failures])
    zoo.extend(plugins.zoo)
    more = Plugins(manager, zoo, [*plugins.rows], {**plugins.registered})
    _add_components(more, name, components)
    for hook_name, hook in reversed([*hooks.items()]):  # the last one that is registered is called first
        manager.register(hook, hook_name)
    return more


def _new_manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("ganzoo")
    manager.add_hookspecs(hookspecs)
    return manager


def normalised(name: str) -> str:
    """Return the name of a distribution as package indexes normalise it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _sort_key(point: EntryPoint) -> tuple[bool, str, str]:
    return (normalised(point.distribution) != DISTRIBUTION, point.distribution, point.name)  # built-ins first


def _plugin_info(point: EntryPoint) -> PluginInfo:
    distribution = normalised(point.distribution)
    owner = BUILT_IN if distribution == DISTRIBUTION else distribution.removeprefix("ganzoo-")
    name = one_line(f"{owner}/{point.name}")
    return PluginInfo(name, one_line(distribution), one_line(point.version), one_line(point.value))


def _is_blocked(info: PluginInfo) -> bool:
    blocked = {name.strip() for name in os.environ.get("GANZOO_BLOCK_PLUGINS", "").split(",")}
    if blocked & {*info.names}:
        return True
    return os.environ.get("GANZOO_DISABLE_PLUGINS", "") not in ("", "0") and info.distribution != DISTRIBUTION


def _add_all(plugins: Plugins, modules: Mapping[str, Any]) -> None:
    for name, module in modules.items():
        info = PluginInfo(name, name, "", getattr(module, "__name__", name))
        _add(plugins, info, partial(modules.__getitem__, name))


def _add_components(plugins: Plugins, name: str, components: Zoo) -> None:
    """Add components that are in no package, under the name of a plugin that has no module; none without any."""
    entries = [*components]
    if entries:
        plugins.zoo.extend(entries)
        plugins.registered[name] = entries
        plugins.rows.append(PluginInfo(name, name, "", "__main__", components=len(entries)))


def _add(plugins: Plugins, info: PluginInfo, load: Callable[[], Any]) -> None:
    """Load a plugin and add its components, or leave it out with the reason."""
    plugins.rows.append(info)
    plugin = None
    with Isolated(settings=info.owner != BUILT_IN) as isolated:
        plugin = load()
        if (specifier := getattr(plugin, "ganzoo_api", None)) is not None:
            versions.check_version(specifier)
        _check_hook_names(plugin)
        plugins.manager.register(plugin, info.name)
        info.hooks = sorted(caller.name for caller in plugins.manager.get_hookcallers(plugin) or [])
        if info.owner == BUILT_IN and info.distribution not in (DISTRIBUTION, info.name):
            raise ValueError(f"the name {BUILT_IN!r} belongs to the built-in components: give the package another one")
        zoo = Zoo(owner=info.owner)
        for name, register in plugins.callers("ganzoo_register"):
            if name == info.name:
                register(zoo=zoo)
        if any(entry.owner != info.owner for entry in zoo):
            raise ValueError("it registers components in the name of another owner")
        plugins.zoo.merge(zoo)
        info.components = len(list(zoo))
        plugins.registered[info.name] = list(zoo)
    if isinstance(isolated.error, versions.IncompatiblePluginError):
        _leave_out(plugins, info, plugin, "incompatible", printable(str(isolated.error)))
    elif isolated.error:
        _leave_out(plugins, info, plugin, "failed", isolated.failure)
    if isolated.changed:
        info.remarks.append(isolated.changes("it", "while it was loaded"))
        isolation.warn(isolated.changes(f"plugin {info.name}", "while it was loaded"))


def _leave_out(plugins: Plugins, info: PluginInfo, plugin: Any, status: str, error: str) -> None:
    info.status = status
    info.error = error
    info.hooks = []
    if plugin is not None and plugins.manager.is_registered(plugin):
        plugins.manager.unregister(plugin)
    plugins.zoo.failures.append(f"plugin {info.name} ({info.distribution} {info.version}) {status}: {error}")


def _check_hook_names(plugin: Any) -> None:
    """Refuse a misspelt hook, and a hook without its decorator: pluggy would ignore both silently."""
    specs = [name for name in vars(hookspecs) if name.startswith("ganzoo_")]
    for name, value in list(vars(plugin).items()):
        if not isinstance(value, types.FunctionType):
            continue
        marked = hasattr(value, "ganzoo_impl")
        if (marked or name.startswith("ganzoo_")) and name not in specs:
            raise ValueError(f"no hook named {name!r}.{did_you_mean(name, specs)} Hooks: {', '.join(specs)}")
        if name in specs and not marked:
            raise ValueError(f"{name}() needs the decorator @ganzoo.hookimpl")
