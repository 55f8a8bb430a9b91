"""Tables in Markdown, whose columns are aligned for people who read them as text."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose first column is aligned to the left and the others to the right.

    Args:
        head: Titles of the columns.
        rows: The cells of each row, as many as there are titles.

    Returns:
        The lines.
    """
    widths = [max(len(line[k]) for line in [head, *rows]) for k in range(len(head))]
    rule = ["-" * width if k == 0 else "-" * (width - 1) + ":" for k, width in enumerate(widths)]
    return [_line(cells, widths) for cells in (head, rule, *rows)]


def arrow(better: str) -> str:
    """Return the arrow that says which values of a score are better: "lower", "higher", or "nearer" for none."""
    return {"lower": "↓", "higher": "↑"}.get(better, "")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.ljust(width) if k == 0 else cell.rjust(width)
        for k, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
