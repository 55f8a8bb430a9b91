"""The terminal: texts of plugins and files are shown as text. No escape sequence in them is obeyed."""

from __future__ import annotations

from collections.abc import Iterable

import rich.console
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment

from ganzoo.errors import escaped


class Console(rich.console.Console):
    """A console whose own control sequences are the only ones, and which falls silent when its pipe is closed.

    rich's own console passes escape sequences in texts on, and ends the process when the pipe is closed.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(escaped(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        self.quiet = True
