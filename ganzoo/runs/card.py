"""A run as one piece of HTML, which notebooks show in place of its path: state, last losses, pictures and scores."""

from __future__ import annotations

import base64
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.errors import RunError
from ganzoo.runs import layout, scores
from ganzoo.utils import regular

if TYPE_CHECKING:
    from ganzoo.runs.folder import RunFolder

LARGEST = 2_000_000  # bytes of a picture
LATEST = 12  # scores
STYLE = 'style="max-width:24em;max-height:24em;vertical-align:top;margin:4px"'


def html(run: RunFolder) -> str:
    """Return a run as HTML. What cannot be read is left out.

    Args:
        run: The run.

    Returns:
        HTML in which all texts are escaped, with pictures inside.
    """
    grids = sorted(run.samples.glob("step-*.png"))
    pictures = [_picture(path) for path in (*grids[-1:], run.folder / layout.LOSSES)]
    latest = run.scores()[-LATEST:]
    parts = [_headline(run), _numbers(run), f"<div>{''.join(pictures)}</div>", scores.table(latest) if latest else ""]
    return "".join(parts)


def _headline(run: RunFolder) -> str:
    try:
        status = run.status
    except RunError:
        return f"<b>{escape(str(run.folder))}</b>"
    steps = f"step {status.get('step')} of {status.get('steps', '?')}"
    return f"<b>{escape(str(run.folder))}</b>: {escape(str(status.get('state')))}, {escape(steps)}"


def _numbers(run: RunFolder) -> str:
    """Return the values that were logged last."""
    try:
        last = [*run.metrics()][-1:]
    except RunError:
        last = []
    values = [f"{name} {value:.3g}" for row in last for name, value in row.items() if isinstance(value, float)]
    return f"<div><code>{escape('  '.join(values))}</code></div>" if values else ""


def _picture(path: Path) -> str:
    """Return a PNG file as an image of HTML; "" when it is missing or large."""
    try:
        content = regular.read(path, LARGEST)
    except OSError:
        return ""
    return f'<img {STYLE} alt="{escape(path.name)}" src="data:image/png;base64,{base64.b64encode(content).decode()}">'
