"""The file of a suggested recipe: TOML with the reasons as comments."""

from __future__ import annotations

import shlex
import statistics
from collections.abc import Mapping
from typing import Any

from ganzoo.config.overrides import as_toml
from ganzoo.errors import one_line
from ganzoo.suggestion.choice import Choice
from ganzoo.suggestion.pictures import Pictures

COMMENT_COLUMN = 28
LINE = 118


def text(choice: Choice, name: str, command: str, file: str) -> str:
    """Return the text of the recipe.

    Args:
        choice: What it holds.
        name: Name of the pictures.
        command: The command that suggested it.
        file: The file that it is written to, for the commands in the header.

    Returns:
        TOML.
    """
    return "\n".join([*_header(choice, name, command, file), *_tables(choice)]) + "\n"


def summary(choice: Choice) -> str:
    """Return what the recipe trains and how long that takes, in one sentence."""
    run = choice.tables["run"]
    side = choice.pictures.spec.shape[-1]
    return (
        f"{choice.suggestion.name} at {side}x{side}, {run['steps']:,} steps of {run['batch_size']} pictures: about "
        f"{_minutes(choice.minutes)} on this machine"
    )


def _header(choice: Choice, name: str, command: str, file: str) -> list[str]:
    pictures, run = choice.pictures, choice.tables["run"]
    side = pictures.spec.shape[-1]
    colour = "in colour" if pictures.spec.shape[0] == 3 else "in grey"
    lines = [f"{one_line(name)} {colour} at {side}x{side}, by `{command}`.", ""]
    facts = [f"{pictures.count:,} pictures", *_sizes(pictures), *_classes(pictures)]
    lines += _item("Pictures", f"{', '.join(facts)}: {pictures.outlook}.")
    lines += [line for remark in pictures.remarks for line in _item("", f"{remark}.")]
    step = f"{1000 * choice.step_seconds:,.0f} ms" if choice.step_seconds < 1 else f"{choice.step_seconds:.1f} s"
    lines += _item(
        "Time",
        f"about {_minutes(choice.minutes)} on this machine ({choice.machine}): {run['steps']:,} steps of {step}.",
    )
    if choice.busy:
        lines += _item("", "Other programs kept the processor busy while this was measured; without them it is faster.")
    if choice.tried:
        lines += _item("Tried", f"{'; '.join(choice.tried)}: too slow.")
    if choice.rushed:
        lines += _item(
            "Beware",
            f"{run['steps']:,} steps are few; {choice.suggestion.fewest_steps:,} or more would be good. "
            "Give it more --minutes.",
        )
    quoted = shlex.quote(file)
    lines += [
        "",
        f"  ganzoo run {quoted}",
        f"  ganzoo run {quoted} run.steps={4 * run['steps']}   # four times as long",
    ]
    return [f"# {line}".rstrip() for line in lines]


def _item(label: str, value: str) -> list[str]:
    """Return "Label:   value", wrapped."""
    words, lines = value.split(), [f"{label + ':' if label else '':<10}"]
    for word in words:
        if len(lines[-1]) + len(word) > LINE - 2:
            lines.append(" " * 10)
        lines[-1] += word + " "
    return [line.rstrip() for line in lines]


def _sizes(pictures: Pictures) -> list[str]:
    if not pictures.short_sides:
        return []
    low, high = min(pictures.short_sides), max(pictures.short_sides)
    middle = round(statistics.median(pictures.short_sides))
    return [f"shorter side {low}" if low == high else f"shorter side {low} to {high}, half of them from {middle} on"]


def _classes(pictures: Pictures) -> list[str]:
    if not pictures.classes:
        return []
    counts = pictures.classes.values()
    return [f"{len(counts)} classes of {min(counts):,} to {max(counts):,}"]


def _tables(choice: Choice) -> list[str]:
    tuned = {f"run.{name}": "the fastest here, as `ganzoo bench --tune` has measured" for name in choice.tuned}
    reasons = {**_own_reasons(choice), **choice.suggestion.reasons, **tuned}
    lines = []
    for name, table in choice.tables.items():
        if isinstance(table, list):
            for k, item in enumerate(table):
                lines += ["", f"[[{name}]]", *_settings(f"{name}.{k}", item, reasons)]
        else:
            lines += ["", f"[{name}]", *_settings(name, table, reasons)]
    return lines


def _settings(path: str, settings: Mapping[str, Any], reasons: Mapping[str, str]) -> list[str]:
    width = max(map(len, settings))
    lines = []
    for name, value in settings.items():
        line = f"{name:<{width}} = {as_toml(value)}"
        reason = reasons.get(f"{path}.{name}", "")
        lines.append(f"{line:<{COMMENT_COLUMN}}   # {one_line(reason)}" if reason else line)
    return lines


def _own_reasons(choice: Choice) -> dict[str, str]:
    pictures, run = choice.pictures, choice.tables["run"]
    reasons = {
        "run.steps": f"{run['steps'] * run['batch_size'] / pictures.count:,.0f} passes over the pictures",
        "run.ema": f"samples come from weights averaged over about the last {round(1 / (1 - run['ema'])):,} steps"
        if run["ema"]
        else "no average",
        "run.first_sample": "a grid after 50, 100, 200, 400, ... steps, to see the beginning",
    }
    if pictures.short_sides:
        reasons["dataset.size"] = "the largest side that fits the pictures and the time"
    if "bad_images" in pictures.dataset.settings:
        reasons["dataset.bad_images"] = "leaves out the files that cannot be read"
    if pictures.dataset.settings.get("channels") == 1:
        reasons["dataset.channels"] = "all pictures are grey"
    return reasons


def _minutes(minutes: float) -> str:
    return f"{60 * minutes:.0f} seconds" if minutes < 1.5 else f"{minutes:.0f} minutes"
