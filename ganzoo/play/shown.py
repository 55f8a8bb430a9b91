"""Between handlers and a page: pictures as files that the browser fetches, mistakes as sentences."""

from __future__ import annotations

import functools
import html
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import gradio
from PIL.Image import Image

from ganzoo.errors import GanzooError
from ganzoo.visualization import grid

P = ParamSpec("P")
R = TypeVar("R")
KEPT = 100  # pictures of each panel: browsers fetch one when they show it, and again to save it


class Shelf:
    """A folder of the last pictures that a panel showed, each by the name under which a browser saves it."""

    def __init__(self, folder: Path):
        self.folder = folder

    def png(self, picture: Image, name: str) -> str:
        """A picture -> the path of its PNG."""
        return self.put(grid.to_png(picture), f"{name}.png")

    def put(self, content: bytes, name: str) -> str:
        path = self.folder / secrets.token_hex(8) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        for old in sorted(self.folder.glob("*/*"), key=lambda one: one.stat().st_mtime_ns)[:-KEPT]:
            old.unlink()
            old.parent.rmdir()
        return str(path)


def picture(described: str, name: str) -> gradio.Image:
    """Where a panel shows a picture. described: to who cannot see it."""
    return gradio.Image(
        alt_text=described,
        show_label=False,
        interactive=False,
        buttons=[],
        elem_id=name,
        elem_classes="picture",
    )


def told(handler: Callable[P, R]) -> Callable[P, R]:
    """A handler whose GanzooError is one sentence on the page, and nothing on the terminal."""

    @functools.wraps(handler)
    def telling(*args: P.args, **more: P.kwargs) -> R:
        try:
            return handler(*args, **more)
        except GanzooError as error:
            message = html.escape(error.message)  # names of classes may be anything
            raise gradio.Error(message, title="This cannot be drawn", print_exception=False) from None

    return telling
