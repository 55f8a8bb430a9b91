"""Figures of scores for papers: mean and band over seeds by setting, drawn with matplotlib, which is optional."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import GanzooError, SetupError
from ganzoo.runs.score_curves import Against, ScoreCurve
from ganzoo.utils import output

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".pdf", ".png")
WIDTH, HEIGHT = 3.3, 2.5  # inches of a panel: that of a column
COLUMNS = 3  # panels in a row
LEGEND_LINE = 0.19  # inches
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#8c564b")  # Okabe and Ito 2008
DASHES = ("-", "--", ":", "-.")  # for every further eight settings
FEW = 12  # points of a curve below which each has a dot
WIDE_RANGE = 50.0  # ratio of the largest to the smallest value from which the axis is logarithmic
DPI = 200  # of a .png
STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e5e5e5",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # text that journals accept and readers can select
    "svg.fonttype": "none",
    "svg.hashsalt": output.OWNER,  # the same figure gives the same file
}
UNDATED: dict[str, dict[str, Any]] = {
    ".svg": {"Date": None, "Creator": output.OWNER},
    ".pdf": {"CreationDate": None, "Creator": output.OWNER},
    ".png": {output.GRID: output.OWNER},
}


def check(path: Path) -> None:
    """Check that a figure can be drawn to a file, before anything is trained for it.

    Args:
        path: The file.

    Raises:
        GanzooError: It has another suffix.
        SetupError: matplotlib is not installed.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise GanzooError(f"{path}: end it in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}.")
    if importlib.util.find_spec("matplotlib") is None:
        raise SetupError("a plot needs matplotlib, which is not installed: pip install 'ganzoo-torch[plot]'")


def save(scores: Mapping[str, Sequence[ScoreCurve]], path: Path, against: Against, force: bool = False) -> Path:
    """Draw scores to a figure, with a panel for each.

    A line is the mean over the seeds of a setting, the band around it their standard deviation, and each thin line one
    run. A dashed grey line is the score of real samples.

    Args:
        scores: Curves by the name of the score.
        path: A .svg, .pdf or .png file.
        against: What the scores are drawn against.
        force: Replace an existing file.

    Returns:
        The file.

    Raises:
        GanzooError: There is nothing to draw, or the file exists or cannot be written.
        SetupError: matplotlib is not installed.
    """
    check(path)
    import matplotlib as mpl

    panels = {name: curves for name, curves in scores.items() if curves}
    if not panels:
        raise GanzooError(f"{path}: these runs have no scores to draw. Compute some: ganzoo evaluate RUN")
    style: dict[Any, Any] = {**mpl.rcParamsDefault, **STYLE}  # not the user's own, which need not fit
    with mpl.rc_context(style), output.new_file(path, force) as place:
        _figure(panels, against).savefig(
            place.partial, format=path.suffix[1:].lower(), dpi=DPI, metadata=UNDATED[path.suffix.lower()]
        )
    return place.path


def _figure(panels: Mapping[str, Sequence[ScoreCurve]], against: Against) -> Figure:
    from matplotlib.figure import Figure

    labels = list(dict.fromkeys(curve.label for curves in panels.values() for curve in curves))
    columns = 2 if len(panels) == 4 else min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    across = max(1, columns * 72 // (12 + max(len(label) for label in labels)))  # entries of the legend in a line
    legend = LEGEND_LINE * (1 + -(-(len(labels) + 1) // across))
    figure = Figure(figsize=(WIDTH * columns, HEIGHT * rows + legend), layout="constrained")
    all_axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in all_axes[len(panels) :]:
        axes.set_visible(False)
    for axes, (name, curves) in zip(all_axes, panels.items(), strict=False):
        _draw(axes, name, curves, labels)
        axes.set_xlabel("step" if against == "steps" else "minutes")
    handles = {
        label: handle for axes in all_axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=across)
    return figure


def _draw(axes: Axes, name: str, curves: Sequence[ScoreCurve], labels: Sequence[str]) -> None:
    values = [value for curve in curves for run in curve.runs for _, value in run]
    floor = next((curve.floor for curve in curves if curve.floor is not None), None)
    if min(values) > 0 and max(values) > WIDE_RANGE * min(values):
        axes.set_yscale("log")
    for curve in curves:
        k = labels.index(curve.label)
        style: dict[str, Any] = {
            "color": COLOURS[k % len(COLOURS)],
            "linestyle": DASHES[k // len(COLOURS) % len(DASHES)],
        }
        _draw_curve(axes, curve, style)
    if floor is not None:
        axes.axhline(floor, color="#888888", linewidth=0.9, linestyle=(0, (4, 3)), label="real samples")
    direction = {"lower": "lower is better", "higher": "higher is better"}.get(curves[0].better, "")
    axes.set_title(_plain(name) + (f" ({direction})" if direction else ""))


def _draw_curve(axes: Axes, curve: ScoreCurve, style: Mapping[str, Any]) -> None:
    if len(curve.runs) > 1:
        for run in curve.runs:
            axes.plot([x for x, _ in run], [value for _, value in run], **style, linewidth=0.5, alpha=0.45)
    x = [point.x for point in curve.points]
    mean = [point.mean for point in curve.points]
    marker = "o" if len(x) < FEW else ""
    axes.plot(x, mean, **style, linewidth=1.5, marker=marker, markersize=2.5, label=_plain(curve.label))
    if any(point.spread for point in curve.points):
        lowest = min(value for run in curve.runs for _, value in run)
        above = axes.get_yscale() == "log"  # a logarithmic axis ends above 0
        low = [max(point.mean - point.spread, lowest / 2 if above else -float("inf")) for point in curve.points]
        high = [point.mean + point.spread for point in curve.points]
        axes.fill_between(x, low, high, color=style["color"], alpha=0.15, linewidth=0)


def _plain(text: str) -> str:
    """Return a text that matplotlib takes for no formula."""
    return text.replace("$", r"\$")
