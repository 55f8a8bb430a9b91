"""Old spellings: tables of earlier versions are rewritten by the component's own `upgrade` before they are checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganzoo.errors import GanzooError, IncompatibleError, describe
from ganzoo.registry.versions import deprecated
from ganzoo.registry.zoo import Entry, Zoo

ROUNDS = 10  # more renamings than any component has behind it: a table that still changes never settles


def upgraded(kind: str, table: Mapping[str, Any], zoo: Zoo) -> tuple[Entry, dict[str, Any]]:
    """Return a table's component and settings in today's spelling, and warn once for each rewriting.

    A `use` without an owner that an upgrade returns means a component of the same owner.

    Args:
        kind: One of the zoo's kinds.
        table: The settings of a component, with `use`, as a recipe, a run or an export has them.
        zoo: Where names are looked up.

    Returns:
        The component, and its settings without `use`.

    Raises:
        GanzooError: There is no such component, or its `upgrade` refuses the table or fails.
    """
    settings = dict(table)
    entry = zoo.find(kind, settings["use"])
    for _ in range(ROUNDS):
        upgrade = entry.load_upgrade()
        renewed, remark = _call(upgrade, entry, settings) if upgrade else (settings, "")
        if renewed == settings:
            return entry, {name: value for name, value in settings.items() if name != "use"}
        if remark:
            deprecated(remark)
        settings = renewed
        use = settings["use"]
        entry = zoo.find(kind, use if "/" in use else f"{entry.owner}/{use}")
    raise IncompatibleError(f"{kind} {entry.full_name!r}: its upgrade rewrites a table without end. Tell its authors.")


def _call(upgrade: Any, entry: Entry, settings: dict[str, Any]) -> tuple[dict[str, Any], str]:
    try:
        renewed, remark = upgrade(dict(settings))
        return {"use": settings["use"], **renewed}, str(remark)
    except GanzooError:
        raise
    except Exception as error:  # a stranger's function may raise anything
        raise IncompatibleError(
            f"the upgrade of {entry.kind} {entry.full_name!r} failed on this table ({describe(error)}). "
            "Tell its authors, or write the table in today's spelling: see `ganzoo show`."
        ) from error
