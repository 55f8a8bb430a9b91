"""Live output in a notebook: HTML in the output of a cell that is replaced while the cell runs.

IPython is optional: it is never imported here, only found where a notebook has imported it.
"""

from __future__ import annotations

import html
import sys
from collections.abc import Iterable
from typing import Any

LINES = 200  # lines of text that are kept under a bar


class LiveHtml:
    """A piece of HTML in the output of the running cell."""

    def __init__(self) -> None:
        display = sys.modules["IPython"].display
        self._html = display.HTML
        self._handle: Any = display.display(self._html(""), display_id=True)

    def show(self, content: str) -> None:
        """Replace the HTML."""
        self._handle.update(self._html(content))


def live() -> LiveHtml | None:
    """Return a new piece of output of the running cell; None outside a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return LiveHtml() if hasattr(shell, "kernel") else None


def bar(done: int, total: int, text: str, lines: Iterable[str]) -> str:
    """Return a progress bar as HTML.

    Args:
        done: Number of steps done.
        total: Number of all steps.
        text: What is shown beside the bar.
        lines: Lines under it.

    Returns:
        HTML in which all texts are escaped.
    """
    listed = html.escape("\n".join([*lines][-LINES:]))
    below = f'<pre style="margin:0;white-space:pre-wrap">{listed}</pre>' if listed else ""
    return f'<div><progress value="{done}" max="{total}"></progress> <code>{html.escape(text)}</code></div>{below}'
