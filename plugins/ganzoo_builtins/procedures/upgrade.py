"""Conversion of tables of ganzoo 0.1, in which settings of `adversarial` selected what are separate procedures now."""

from __future__ import annotations

from typing import Any, NamedTuple

Table = dict[str, Any]

EARLIER: Table = {  # the settings of `adversarial` in 0.1, with their defaults there
    "d_steps": 1,
    "g_steps": 1,
    "fakes": "fresh",
    "first": "discriminator",
    "updates": "alternating",
    "labels": "data",
    "g_weight": 1.0,
    "d_batches": "separate",
    "replay": 0,
    "replay_share": 0.5,
    "d_burst": 0,
    "burst_first": 25,
    "burst_every": 500,
    "g_batch": 1,
    "d_pretrain": 0,
    "show": "logits",
}
KEPT = ("d_steps", "g_steps", "labels", "g_weight", "show")  # those that `adversarial` still has
SWITCHES = {"replay_share": "replay", "burst_first": "d_burst", "burst_every": "d_burst"}  # no effect at their default


class Successor(NamedTuple):
    """A procedure that does what `adversarial` did with a setting of 0.1.

    Attributes:
        use: Name of the procedure.
        setting: Setting of 0.1 that selected it.
        value: Value of that setting; None for every value but the default.
        names: Settings of 0.1 that it takes, each with its name today.
    """

    use: str
    setting: str
    value: str | None
    names: dict[str, str]


SUCCESSORS = (
    Successor("simultaneous", "updates", "simultaneous", {}),
    Successor(
        "shared_fakes",
        "fakes",
        "shared",
        {"d_steps": "d_steps", "g_steps": "g_steps", "first": "first", "show": "show"},
    ),
    Successor("generator_first", "first", "generator", {"d_steps": "d_steps", "g_steps": "g_steps"}),
    Successor(
        "wgan",
        "d_burst",
        None,
        {"d_steps": "d_steps", "d_burst": "d_burst", "burst_first": "burst_first", "burst_every": "burst_every"},
    ),
    Successor("larger_generator_batch", "g_batch", None, {"d_steps": "d_steps", "g_batch": "g_batch"}),
    Successor(
        "replay",
        "replay",
        None,
        {"d_steps": "d_steps", "g_steps": "g_steps", "replay": "size", "replay_share": "share"},
    ),
)


def adversarial(table: Table) -> tuple[Table, str]:
    """Rewrite a table of `adversarial` that has settings of 0.1: see Zoo.add()."""
    removed = [name for name in table if name in EARLIER and name not in KEPT]
    if not removed:
        return table, ""
    settings = {name: value for name, value in table.items() if not _is_default(name, table)}
    chosen = [name for name in settings if name in EARLIER]
    if not any(name in removed for name in chosen):
        return settings, _without('"adversarial"', removed)
    for use, setting, value, names in SUCCESSORS:
        asked = setting in chosen and value in (None, settings[setting])
        if asked and all(name == setting or name in names for name in chosen):
            return _succeed(use, setting, names, settings)
    return {**settings, "use": "adversarial-0.1"}, ""  # that name is deprecated and says what to do


def semi_supervised(table: Table) -> tuple[Table, str]:
    """Rewrite a table of `semi_supervised` that has `fakes` and `first` of 0.1: see Zoo.add()."""
    removed = [name for name in ("fakes", "first") if table.get(name) == EARLIER[name]]
    if not removed:
        return table, ""
    return {name: value for name, value in table.items() if name not in removed}, _without('"semi_supervised"', removed)


def _succeed(use: str, setting: str, names: dict[str, str], settings: Table) -> tuple[Table, str]:
    earlier = {"d_steps": EARLIER["d_steps"]} if use == "wgan" else {}  # which has another default
    renewed: Table = {"use": use}
    for name, value in {**earlier, **settings}.items():
        if name in names or name not in (*EARLIER, "use"):
            renewed[names.get(name, name)] = value
    old = f'use = "adversarial", {setting} = {_toml(settings[setting])}'
    new = ", ".join(f"{name} = {_toml(value)}" for name, value in renewed.items())
    return renewed, f"[procedure] {old} is now {new}; the old spelling goes in ganzoo 0.3."


def _without(procedure: str, removed: list[str]) -> str:
    return (
        f"procedure {procedure} no longer has {', '.join(removed)}, and their defaults change nothing: leave them out; "
        "they are refused from ganzoo 0.3 on."
    )


def _is_default(name: str, table: Table) -> bool:
    """Return whether a setting has the default of 0.1, or only matters beside another that has it."""
    if name not in EARLIER:
        return False
    switch = SWITCHES.get(name, name)
    return table[name] == EARLIER[name] or table.get(switch, EARLIER[switch]) == EARLIER[switch]


def _toml(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)
