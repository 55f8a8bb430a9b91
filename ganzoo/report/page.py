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
from ganzoo.report import settings
from ganzoo.report.contents import Contents, collect
from ganzoo.report.settings import Overview
from ganzoo.sampling.run import Run
from ganzoo.utils import atomic
from ganzoo.utils.redact import LEFT_OUT, Redactor
from ganzoo.utils.unicode import well_formed
from ganzoo.visualization import axes

HERE = Path(__file__).parent
MANY = 4  # runs from which each is folded away below the comparison, so that this fits a few screens
SHOWN_CHARTS = 6  # of many runs; further ones are folded away


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
    opened = [run for run, _ in runs]
    overview = settings.overview(opened, contents)
    unequal = scrub(overview.unequal)
    script = (HERE / "script.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    loader = jinja2.FileSystemLoader(HERE, encoding="utf-8")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    environment.filters.update(number=axes.label, letter=settings.letter)
    return environment.get_template("template.html").render(
        runs=contents,
        title=_title(contents),
        overview=overview,
        headings=_headings(overview),
        many=len(contents) >= MANY,
        shown_charts=SHOWN_CHARTS if len(contents) >= MANY else len(overview.charts),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        style=Markup((HERE / "style.css").read_text(encoding="utf-8")),
        script=Markup(script),
        policy=f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'",
        unequal=unequal,
        left_out=LEFT_OUT,
    )


def _title(runs: Sequence[Contents]) -> str:
    if len(runs) == 1:
        return runs[0].title
    names = [*dict.fromkeys(run.recipe_name for run in runs)]
    return f"{len(runs)} runs of {', '.join(names[:3])}{' and others' if len(names) > 3 else ''}"


def _headings(overview: Overview) -> dict[int, tuple[int, str]]:
    """Return the setting of each run, by its number in the report, and what the run is called."""
    return {
        member: (k, setting.label + (f", seed {seed}" if len(setting.members) > 1 else ""))
        for k, setting in enumerate(overview.settings)
        for member, seed in zip(setting.members, setting.seeds, strict=True)
    }


def _status(run: Run) -> Mapping[str, Any]:
    try:
        return run.status
    except RunError:
        return {}
