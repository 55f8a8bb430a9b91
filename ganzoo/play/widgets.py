"""Pictures and errors on the page: files that the browser fetches, and messages instead of exceptions."""

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
from ganzoo.visualization import png

P = ParamSpec("P")
R = TypeVar("R")
STORED = 100  # files of each panel: browsers fetch a picture to show it, and again to save it


class FileStore:
    """A folder with the last files that a panel showed, each with the name under which a browser saves it.

    Args:
        folder: The folder; created when the first file is stored.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    def put_png(self, picture: Image, name: str) -> str:
        """Store a picture as `name`.png, and return its path."""
        return self.put(png.to_png(picture), f"{name}.png")

    def put(self, content: bytes, name: str) -> str:
        """Store a file, remove the oldest ones, and return its path."""
        path = self.folder / secrets.token_hex(8) / name
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        for old in sorted(self.folder.glob("*/*"), key=lambda file: file.stat().st_mtime_ns)[:-STORED]:
            old.unlink()
            old.parent.rmdir()
        return str(path)


def picture(description: str, name: str) -> gradio.Image:
    """Add an empty picture to the page.

    Args:
        description: Text for readers who cannot see the picture.
        name: Id of the element.

    Returns:
        The picture.
    """
    return gradio.Image(
        alt_text=description,
        show_label=False,
        interactive=False,
        buttons=[],
        elem_id=name,
        elem_classes="picture",
    )


def show_errors(handler: Callable[P, R]) -> Callable[P, R]:
    """Decorate a handler so that the page shows the message of a GanzooError, and the terminal nothing."""

    @functools.wraps(handler)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return handler(*args, **kwargs)
        except GanzooError as error:
            message = html.escape(error.message)  # names of classes may contain HTML
            raise gradio.Error(message, title="This cannot be shown", print_exception=False) from None

    return wrapper
