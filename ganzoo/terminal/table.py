"""Tables that commands print: aligned for people in a terminal, one tab-separated line for each row elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from rich.table import Table
from rich.text import Text

from ganzoo.terminal.console import Console
from ganzoo.terminal.output import echo


def for_people() -> bool:
    """Return True when stdout is a terminal, and False for a pipe or a file, which programs read."""
    return Console().is_terminal


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]], whole: Collection[str], title: str = "") -> None:
    """Print rows as wide as the terminal, or as print_lines() does where stdout is none.

    Args:
        columns: Headings.
        rows: Cells of each row.
        whole: The columns that are not broken over lines.
        title: Heading of the whole table.
    """
    if not for_people():
        print_lines(rows)
        return
    table = Table(title=title or None, title_justify="left", title_style="bold", box=None, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def print_lines(rows: Iterable[Sequence[str]]) -> None:
    """Print one line for each row, with a tab between two cells, for grep, cut and awk; without headings."""
    for row in rows:
        echo("\t".join(" ".join(cell.split()) for cell in row))
