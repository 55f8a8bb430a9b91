"""The HTML page of a report, rendered from template.html with all text escaped."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from ganzoo.errors import RunError, SetupError
from ganzoo.report import chart
from ganzoo.report.contents import Contents, collect, differences, labels
from ganzoo.report.curves import Chart, Curve, family
from ganzoo.runs.comparison import compare
from ganzoo.sampling.run import Run
from ganzoo.utils import atomic
from ganzoo.utils.redact import LEFT_OUT, Redactor
from ganzoo.utils.unicode import well_formed
from ganzoo.visualization import axes

HERE = Path(__file__).parent
COMPARED = 8  # runs with a curve in the shared charts
SHARED_CHARTS = 16  # at most


def save(runs: Sequence[tuple[Run, Path | None]], target: Path, with_samples: bool = True) -> Path:
    """Write a report to an HTML file.

    Args:
        runs: Runs, each with the checkpoint to sample from or None for the newest.
        target: The file; its folder is created if necessary.
        with_samples: Generate new samples, which needs weights and, for nearest neighbours, data.

    Returns:
        The path of the file.

    Raises:
        RunError: A folder is no run.
        SetupError: The file cannot be written.
    """
    content = well_formed(render(runs, with_samples)).encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(target, content)
    except OSError as error:
        raise SetupError(f"{target}: {error.strerror}. Give another place with --out.") from error
    return target


def render(runs: Sequence[tuple[Run, Path | None]], with_samples: bool = True) -> str:
    """Render a report as HTML.

    Args:
        runs: As for save().
        with_samples: As for save().

    Returns:
        The page, with embedded pictures, style and script; its content security policy forbids all others.
    """
    scrub = Redactor.of([_status(run) for run, _ in runs])
    contents = [collect(run, checkpoint, scrub, k, len(runs), with_samples) for k, (run, checkpoint) in enumerate(runs)]
    several, names = len(contents) > 1, labels(contents)
    script = (HERE / "script.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    loader = jinja2.FileSystemLoader(HERE, encoding="utf-8")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    environment.filters.update(number=axes.label, letter=letter)
    return environment.get_template("template.html").render(
        runs=contents,
        title=_title(contents),
        labels=names,
        compared=COMPARED,
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        differences=differences(contents) if several else [],
        shared_charts=shared_charts(contents, names) if several else [],
        unequal=scrub(compare([run for run, _ in runs]).unequal),
        score_names=list(dict.fromkeys(row.name for run in contents for row in run.scores)),
        left_out=LEFT_OUT,
    )


def _title(runs: Sequence[Contents]) -> str:
    if len(runs) == 1:
        return runs[0].title
    names = [*dict.fromkeys(run.recipe_name for run in runs)]
    return f"{len(runs)} runs of {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"


def shared_charts(runs: Sequence[Contents], names: Sequence[str]) -> list[tuple[Chart, Markup]]:
    """Return a chart with a curve for each run, for each value that at least two of the runs have."""
    shown = runs[:COMPARED]
    charts = []
    for name in dict.fromkeys(name for run in shown for name in run.curves):
        curves = [
            Curve(f"{letter(k)} {names[k]}", run.curves[name].points if name in run.curves else [])
            for k, run in enumerate(shown)
        ]
        if sum(bool(curve.points) for curve in curves) > 1:
            charts.append(Chart(name, curves))
    charts.sort(key=lambda item: (family(item.title) == "Speed", "/" not in item.title))
    return [(item, chart.svg(item, f"common-{k}")) for k, item in enumerate(charts[:SHARED_CHARTS])]


def letter(k: int) -> str:
    """Return the letter of run k in a comparison: A, B, ..., Z, 27, 28, ..."""
    return chr(ord("A") + k) if k < 26 else str(k + 1)


def _status(run: Run) -> Mapping[str, Any]:
    try:
        return run.status
    except RunError:
        return {}
