"""The page docs/league.md, its pictures and its charts, written from the cells alone."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from PIL import Image, ImageOps

import marks
from standings import chart, poster
from standings.cells import Cell, Cells
from standings.ranking import MAIN, SEEDS, Row, Value, best, rows
from standings.systems import System

BEGIN = marks.begin("written by benchmarks/league.py --render")
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}
SCORES = {
    MAIN: "Fréchet distance ↓",
    "precision": "precision ↑",
    "recall": "recall ↑",
    "coverage": "coverage ↑",
    "class_coverage": "classes ↑",
    "gan_test": "read as asked ↑",
}
HEAD = ["GAN", *SCORES.values(), "times real", "images/s", "steps"]
SCALE = 2  # of the pictures of samples
OLD = "†"
WRAP = 118

Gallery = Mapping[str, tuple[str, str]]
"""Recipe -> (GAN, file name of its page in docs/zoo)."""


@dataclass(frozen=True)
class League:
    """The league on one dataset.

    Attributes:
        data: Name of the dataset.
        systems: The systems that compete, by name.
        left_out: Other GANs of the zoo, and why they do not compete.
        cells: All cells.
    """

    data: str
    systems: Mapping[str, System]
    left_out: Mapping[str, str]
    cells: Sequence[Cell]


def write(leagues: Sequence[League], cells: Cells, page: Path, images: Path, gallery: Gallery) -> None:
    """Write the measured part of the page, the pictures and the charts.

    Args:
        leagues: The leagues.
        cells: The folder of cells, which has the pictures of real images.
        page: The page, with the two marks.
        images: Folder of the pictures.
        gallery: The pages of the zoo.
    """
    text = marks.insert(page.read_text(), BEGIN, measured(leagues, gallery))
    for league in leagues:
        folder = images / league.data
        for row in rows(league.systems, league.cells):
            _write(folder / f"{row.name}.png", enlarged(base64.b64decode(row.cells[0]["picture"])))
        if (real := cells.real(league.data)).is_file():
            _write(folder / "real.png", enlarged(real.read_bytes()))
            _write(images / f"{league.data}.png", poster.draw(real.read_bytes(), shown(league)))
        if drawing := plot(league):
            _write(images / f"{league.data}.svg", drawing.encode())
    page.write_text(text)


def measured(leagues: Sequence[League], gallery: Gallery) -> str:
    """Return the measured part of the page as Markdown. Without any cell, it does not depend on which GANs compete."""
    cells = [cell for league in leagues for cell in league.cells]
    parts = [state(leagues) if cells else "**No cell has been measured yet.**", *circumstances(cells)]
    for league in leagues if cells else ():
        parts += [f"## {TITLES[league.data]}", *_section(league, gallery)]
    return "\n\n".join([*parts, "## Not in the league", left_out(leagues)])


def state(leagues: Sequence[League]) -> str:
    """Return a sentence about how much has been measured."""
    table = [row for league in leagues for row in rows(league.systems, league.cells)]
    of = sum(len(league.systems) for league in leagues)
    measured, total = sum(len(row.seeds) for row in table), of * len(SEEDS)
    if measured == total:
        return f"All {total} cells have been measured."
    return wrapped(
        f"**The league is not complete:** {measured} of {total} cells have been measured, and "
        f"{sum(row.counts for row in table)} of {of} rows have their three seeds."
    )


def circumstances(cells: Sequence[Cell]) -> list[str]:
    """Return the machines, versions and dates of the cells."""
    if not cells:
        return []
    machines = _distinct(f"{cell['machine']['processor']} ({cell['machine']['torch_uses']})" for cell in cells)
    versions = _distinct(f"torch {cell['versions']['torch']}" for cell in cells)
    dates = sorted(cell["date"][:10] for cell in cells)
    days = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    lines = [wrapped(f"{days}; {', '.join(machines)}; {', '.join(versions)}.")]
    if len(machines) > 1:
        lines.append("The cells come from several machines, whose CPU seconds are not equal.")
    return lines


def _section(league: League, gallery: Gallery) -> list[str]:
    ranked = rows(league.systems, league.cells)
    parts = []
    if ranked:
        parts += [f"![Samples of every GAN](images/league/{league.data}.png)"] * bool(shown(league))
        parts += [table(ranked, gallery)]
        parts += [f"![Fréchet distance against CPU minutes](images/league/{league.data}.svg)"] * bool(plot(league))
        parts += [samples(league.data, ranked)]
    reasons = [f"{row.name}: {reason}" for row in ranked for reason in dict.fromkeys(row.not_scored)]
    if reasons:
        parts += ["Not scored:", listed(reasons)]
    remarks = [f"{row.name}, seed {seed}: {reason}" for row in ranked for seed, reason in sorted(row.stale.items())]
    if remarks:
        parts += [f"Cells that no longer count ({OLD} in the table, until they are trained again):", listed(remarks)]
    missing = [name for name in league.systems if name not in {row.name for row in ranked}]
    if missing:
        parts.append(wrapped(f"Not measured yet: {', '.join(missing)}."))
    return parts


def shown(league: League) -> list[Row]:
    """Return the rows of the poster: all that are not stale."""
    return [row for row in rows(league.systems, league.cells) if not row.is_stale]


def table(ranked: Sequence[Row], gallery: Gallery) -> str:
    """Return the rows as a Markdown table, after the scores of real samples."""
    winners = {score: best(ranked, score) for score in SCORES}
    floors: dict[str, float] = {}
    for cell in (cell for row in ranked for cell in row.cells if not row.is_stale):
        floors |= {name: score["floor"] for name, score in cell["scores"].items() if score["floor"] is not None}
    real = ["real images, held out", *(number(floors.get(score)) for score in SCORES), "1" * bool(floors), "", ""]
    lines = [real]
    for row in ranked:
        values = {score: row.value(score) for score in SCORES}
        shown = [emphasised(values[score], row.name in winners[score]) for score in SCORES]
        distance = values[MAIN]
        ratio = number(distance.mean / floors[MAIN]) if distance and floors.get(MAIN) else ""
        speed = Value.of([cell["training"]["images"] / cell["training"]["cpu_seconds"] for cell in row.cells])
        lines.append([title(row, gallery), *shown, ratio, f"{speed.mean:,.0f}", f"{row.training('steps').mean:,.0f}"])
    aligned = "| --- |" + " ---: |" * (len(HEAD) - 1)
    return "\n".join(["| " + " | ".join(HEAD) + " |", aligned, *("| " + " | ".join(line) + " |" for line in lines)])


def title(row: Row, gallery: Gallery) -> str:
    """Return the name of a row, linked to its page, with what is missing or wrong about it."""
    _, page = gallery.get(row.cells[0]["recipe"], ("", ""))
    name = f"[{row.name}](zoo/{page})" if page else row.name
    if row.is_stale:
        return f"{name} {OLD}"
    remarks = [] if row.counts else [f"{len(row.seeds)} of {len(SEEDS)} seeds"]
    remarks += [f"{len(row.not_scored)} of {len(row.cells)} not scored"] * bool(row.not_scored)
    return f"{name} ({', '.join(remarks)})" if remarks else name


def emphasised(value: Value | None, bold: bool) -> str:
    """Return mean ± spread, in bold or not; "" without a value."""
    if value is None:
        return ""
    text = number(value.mean) + (f" ± {number(value.spread, 2)}" if value.spread else "")
    return f"**{text}**" if bold else text


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with so many significant digits, or all before the decimal point; "" without a number."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def samples(data: str, ranked: Sequence[Row]) -> str:
    """Return a table of pictures, and the command that trains each row for the steps of its recipe."""
    folder = f"images/league/{data}"
    lines = ["| ten samples | GAN |", "| --- | --- |", f"| ![Real images]({folder}/real.png) | real images |"]
    for row in ranked:
        command = " ".join(("ganzoo run", row.cells[0]["recipe"], *row.cells[0]["changes"]))
        lines.append(f"| ![Samples of {row.name}]({folder}/{row.name}.png) | {row.name}<br>`{command}` |")
    return "\n".join(lines)


def plot(league: League) -> str:
    """Return the chart of the rows that count, "" when there is none."""
    ranked = [row for row in rows(league.systems, league.cells) if row.counts and row.value(MAIN)]
    curves = {row.name: mean_curve([cell["curve"] for cell in row.cells if cell["curve"]]) for row in ranked}
    points = (point for row in ranked for cell in row.cells for point in cell["curve"])
    floor = next((point[MAIN]["floor"] for point in points), None)
    if not curves:
        return ""
    return chart.svg(curves, floor, "CPU minutes on one thread", "Fréchet distance")


def mean_curve(curves: Sequence[Sequence[Mapping[str, Any]]]) -> list[tuple[float, float]]:
    """Return (CPU minutes, Fréchet distance) of each checkpoint, averaged over seeds."""
    return [
        (fmean(point["cpu_seconds"] for point in points) / 60, fmean(point[MAIN]["value"] for point in points))
        for points in zip(*curves, strict=False)
    ]


def left_out(leagues: Sequence[League]) -> str:
    """Return the GANs that do not compete, and why."""
    reasons: dict[str, str] = {}
    for league in leagues:
        for name, reason in league.left_out.items():
            reasons.setdefault(name, reason)
    grouped: dict[str, list[str]] = {}
    for name, reason in sorted(reasons.items()):
        grouped.setdefault(reason, []).append(f"`{name}`")
    return listed(f"{', '.join(names)}: {reason}." for reason, names in grouped.items())


def listed(texts: Iterable[str]) -> str:
    """Return texts as a Markdown list."""
    return "\n".join(wrapped(f"- {text}", indent="  ") for text in texts)


def wrapped(text: str, indent: str = "") -> str:
    """Return a paragraph in lines of the documentation's width; `indent` is that of all lines but the first."""
    return textwrap.fill(text, WRAP, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def enlarged(png: bytes) -> bytes:
    """Return a PNG enlarged without interpolation."""
    content = io.BytesIO()
    with Image.open(io.BytesIO(png)) as picture:
        ImageOps.scale(picture, SCALE, Image.Resampling.NEAREST).save(content, "PNG", optimize=True)
    return content.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _distinct(texts: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(texts)]
