"""What the conformance kit finds in a component of a stranger's plugin."""

from __future__ import annotations

from types import ModuleType
from typing import Any
from unittest import SkipTest

import ganzoo
from ganzoo import discovery, testing


def checks(*components: tuple[str, str, Any], **settings: Any) -> list[testing.Check]:
    """Of a plugin with these components: (kind, name, class)."""
    module = ModuleType("planted")

    @ganzoo.hookimpl
    def ganzoo_register(zoo: ganzoo.Zoo) -> None:
        for kind, name, target in components:
            zoo.add(kind, name, target, summary="Something planted")

    module.ganzoo_register = ganzoo_register  # type: ignore[attr-defined]
    plugins = discovery.load({"planted/main": module})
    return testing.checks("planted", plugins=plugins, settings=settings)


def broken(kind: str, target: Any, **settings: Any) -> dict[str, str]:
    """Promise -> message, of those that a component breaks; of the plugin as a whole nothing is asked."""
    found = {}
    for check in checks((kind, "planted", target), **{f"{kind} planted": settings}):
        if not str(check).startswith(kind):
            continue
        try:
            check()
        except testing.Broken as message:
            found[check.name] = str(message)
        except SkipTest:
            continue
    return found
