r"""A comparison of runs as a LaTeX table, in the style of the package booktabs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from ganzoo.runs.comparison import Cell, Comparison

ARROWS = {"lower": r" $\downarrow$", "higher": r" $\uparrow$"}
SPECIAL = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
}
NEXT_SETTING = re.compile(r", (?=[A-Za-z_][\w.]*=)")  # between two settings of a label
DIGITS = 4  # of a score without spread
LARGE, SMALL = 5, -3  # powers of ten from and below which a number is written with one


def latex(table: Comparison) -> str:
    r"""Return a tabular with a row for each setting, the best scores in bold.

    Args:
        table: The comparison.

    Returns:
        The text of a .tex file, for `\input` inside a table.
    """
    settings, values = _columns([row.label for row in table.rows])
    head = [*settings, "seeds", *(_heading(table, name) for name in table.names)]
    lines = [
        [*map(escape, setting), str(len(row.seeds)), *(_cell(row.cells.get(name)) for name in table.names)]
        for row, setting in zip(table.rows, values, strict=True)
    ]
    floors = {name: cell.floor for row in table.rows for name, cell in row.cells.items()}
    real = ["real samples", *[""] * len(settings), *(_floor(floors.get(name)) for name in table.names)]
    body = [r"\toprule", _row(head), r"\midrule", *map(_row, lines), r"\midrule", _row(real), r"\bottomrule"]
    alignment = "l" * len(settings) + "r" * (1 + len(table.names))
    return "\n".join([*_comments(table), rf"\begin{{tabular}}{{{alignment}}}", *body, r"\end{tabular}", ""])


def escape(text: str) -> str:
    """Return a text with the characters that mean something to LaTeX replaced."""
    return "".join(SPECIAL.get(character, character) for character in text)


def number(mean: float, spread: float | None = None, bold: bool = False) -> str:
    r"""Return a number in LaTeX's mathematics, as precise as two digits of its spread: `$12.3 \pm 1.4$`.

    Args:
        mean: The number.
        spread: Its standard deviation; None for a single value. Without, or with 0, the number has DIGITS digits.
        bold: Write it in bold.

    Returns:
        The text, between dollar signs.
    """
    power = _power(max(abs(mean), spread or 0.0))
    power = power if power >= LARGE or power < SMALL else 0
    mean, error = mean / 10.0**power, (spread or 0.0) / 10.0**power
    decimals = min(6, max(0, 1 - _power(error) if error else DIGITS - 1 - _power(mean)))
    text = f"{mean:.{decimals}f}" + ("" if spread is None else rf" \pm {error:.{decimals}f}")
    if power:
        text = (text if spread is None else f"({text})") + rf" \times 10^{{{power}}}"
    return rf"$\mathbf{{{text}}}$" if bold else f"${text}$"


def _power(value: float) -> int:
    """Return the power of ten of the first digit of a number, 0 for 0."""
    return math.floor(math.log10(abs(value))) if value else 0


def _columns(labels: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """Return headings and cells of the settings: a column for each where all rows have the same, else one column."""
    split = [[part.partition("=") for part in NEXT_SETTING.split(label)] for label in labels]
    keys = [[key for key, _, _ in parts] for parts in split]
    if any(own != keys[0] for own in keys) or not all(equals for parts in split for _, equals, _ in parts):
        return ["setting"], [[label] for label in labels]
    return [escape(key.removesuffix(".use")) for key in keys[0]], [[value for *_, value in parts] for parts in split]


def _heading(table: Comparison, name: str) -> str:
    """Return the name of a score and its direction, without the extractor where only one score has the name."""
    result = name.partition("@")[0]
    shown = result if [other.partition("@")[0] for other in table.names].count(result) == 1 else name
    better = next(row.cells[name].better for row in table.rows if name in row.cells)
    return escape(shown) + ARROWS.get(better, "")


def _cell(cell: Cell | None) -> str:
    return "" if cell is None else number(cell.mean, cell.spread if len(cell.values) > 1 else None, cell.best)


def _floor(floor: float | None) -> str:
    return "" if floor is None else number(floor)


def _row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _comments(table: Comparison) -> list[str]:
    return [
        r"% Needs \usepackage{booktabs}. Mean and standard deviation over seeds. Bold: the best, and all within one",
        "% deviation of it; never runs with less than a tenth of the real samples' recall.",
        f"% Scores: {', '.join(table.names)}",
        *(f"% NOT COMPARABLE {name}: its runs differ in {'; '.join(keys)}." for name, keys in table.unequal.items()),
    ]
