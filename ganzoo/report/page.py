"""The page itself: what was gathered, laid out by template.html. Everything in it is escaped."""

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
from ganzoo.report.curves import Chart, Curve, family
from ganzoo.report.gather import Told, differences, gather
from ganzoo.runs.comparison import compare
from ganzoo.sampling.run import Run
from ganzoo.utils import atomic
from ganzoo.utils.redact import LEFT_OUT, Redactor

HERE = Path(__file__).parent
OVERLAID = 8  # runs that have a curve in the common charts
COMMON = 16  # such charts at most


def save(runs: Sequence[tuple[Run, Path | None]], target: Path, with_samples: bool = True) -> Path:
    """Runs, each with a checkpoint to draw from or None for the newest, to an .html file.

    Errors: RunError for what is no run, SetupError when the file cannot be written.
    """
    content = render(runs, with_samples).encode()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_file(target, content)
    except OSError as error:
        raise SetupError(f"{target}: {error.strerror}. Give another place with --out.") from error
    return target


def render(runs: Sequence[tuple[Run, Path | None]], with_samples: bool = True) -> str:
    """The page as text. It needs no other file: pictures and script are inside, and nothing else may run."""
    scrubbing = Redactor.of([_status(run) for run, _ in runs])
    told = [gather(run, chosen, scrubbing, k, len(runs), with_samples) for k, (run, chosen) in enumerate(runs)]
    script = (HERE / "script.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    loader = jinja2.FileSystemLoader(HERE)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    environment.filters.update(number=chart.number, letter=letter)
    return environment.get_template("template.html").render(
        runs=told,
        title=told[0].name if len(told) == 1 else f"{len(told)} runs",
        made=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        style=Markup((HERE / "style.css").read_text()),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        differing=differences(told) if len(told) > 1 else [],
        overlaid=overlaid(told) if len(told) > 1 else [],
        unequal=scrubbing(compare([run for run, _ in runs]).unequal),
        names=list(dict.fromkeys(row.name for run in told for row in run.scores)),
        left_out=LEFT_OUT,
    )


def overlaid(runs: Sequence[Told]) -> list[tuple[Chart, Markup]]:
    """A chart for each number that at least two of the runs have, with a curve for each of them."""
    several = runs[:OVERLAID]
    names = dict.fromkeys(name for run in several for name in run.curves)
    made = []
    for name in names:
        curves = [
            Curve(f"{letter(k)} {run.recipe_name}", run.curves[name].points if name in run.curves else [])
            for k, run in enumerate(several)
        ]
        if sum(bool(one.points) for one in curves) > 1:
            made.append(Chart(name, curves))
    order = sorted(made, key=lambda one: (family(one.title) == "Speed", "/" not in one.title))[:COMMON]
    return [(one, chart.svg(one, f"common-{k}")) for k, one in enumerate(order)]


def letter(k: int) -> str:
    """A, B, ..., Z, 27, 28, ..."""
    return chr(ord("A") + k) if k < 26 else str(k + 1)


def _status(run: Run) -> Mapping[str, Any]:
    try:
        return run.status
    except RunError:
        return {}
