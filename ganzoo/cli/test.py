"""The `ganzoo test` command."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli.complete import plugins
from ganzoo.errors import ConformanceError
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.testing import Check

KEPT, BROKEN, NOT_ASKED = "kept", "broken", "not asked"


@click.command("test")
@click.argument("plugin", shell_complete=plugins)
@click.option(
    "--kind", metavar="KIND", help="Test only components of this kind, or `plugin` for the package as a whole."
)
@click.option("--only", metavar="TEXT", default="", help="Run only tests with this text in their names.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(plugin: str, kind: str | None, only: str, as_json: bool) -> None:
    """Run the conformance tests on the components of a plugin.

    PLUGIN is a package, an owner, or owner/entry, as listed by `ganzoo plugins`. Each failure is printed with its
    remedy. Exits with code 6 if a test fails.
    """
    from ganzoo import testing
    from ganzoo.registry.zoo import KINDS

    if kind not in (None, "plugin", *KINDS):
        raise click.UsageError(f"no kind {kind!r}. Kinds: plugin, {', '.join(KINDS)}")
    checks = [check for check in testing.checks(plugin) if only in str(check) and kind in (None, _kind(check))]
    if not checks:
        raise click.UsageError(f"plugin {plugin!r} has no test of that kind and name. Leave out --kind or --only.")
    rows = [_run(check) for check in _progress(checks)]
    counts = {outcome: sum(row["outcome"] == outcome for row in rows) for outcome in (KEPT, BROKEN, NOT_ASKED)}
    if as_json:
        echo(json.dumps({"plugin": plugin, **counts, "checks": rows}))
    else:
        _show(rows)
    if counts[BROKEN]:
        raise ConformanceError(
            f"plugin {plugin} breaks {counts[BROKEN]} of {len(rows) - counts[NOT_ASKED]} promises. "
            + ("Each message says what to change." if as_json else "The messages above say what to change.")
        )


def _kind(check: Check) -> str:
    entry = getattr(check.subject, "entry", None)
    return entry.kind if entry else "plugin"


def _run(check: Check) -> dict[str, Any]:
    """Run one test and return its row. Components print to stderr, since stdout holds the command's output."""
    from unittest import SkipTest

    outcome, message, start = KEPT, "", time.monotonic()
    try:
        with contextlib.redirect_stdout(sys.stderr):
            check()
    except AssertionError as broken:
        outcome, message = BROKEN, str(broken)
    except SkipTest as skipped:
        outcome, message = NOT_ASKED, str(skipped)
    seconds = round(time.monotonic() - start, 3)
    return {
        "component": str(check.subject),
        "promise": check.name,
        "outcome": outcome,
        "message": message,
        "seconds": seconds,
    }


def _progress(checks: list[Check]) -> Iterator[Check]:
    """Yield the tests, with a progress bar in a terminal."""
    from rich.progress import track

    from ganzoo.terminal.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from checks
        return
    yield from track(checks, description="testing", console=console, transient=True)


def _show(rows: Iterable[dict[str, Any]]) -> None:
    """Print a table of the components, then each failed test with its message."""
    from rich.table import Table

    from ganzoo.terminal.console import Console

    outcomes: dict[str, list[str]] = {}
    for row in rows:
        outcomes.setdefault(row["component"], []).append(row["outcome"])
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("component", overflow="fold")
    for column in (KEPT, BROKEN, NOT_ASKED):
        table.add_column(column, justify="right")
    for component, results in outcomes.items():
        table.add_row(component, *(str(results.count(outcome)) for outcome in (KEPT, BROKEN, NOT_ASKED)))
    console = Console(highlight=False)
    console.print(table)
    for row in rows:
        if row["outcome"] == BROKEN:
            console.print(f"\n{row['component']}: {row['promise']}", style="bold", markup=False)
            console.print(
                f"  {row['message'].removeprefix(row['component']).lstrip(': ')}", markup=False, soft_wrap=True
            )
