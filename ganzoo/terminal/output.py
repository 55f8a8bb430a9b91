"""Lines that commands print."""

from __future__ import annotations

import click

from ganzoo.errors import escaped


def echo(text: object = "", err: bool = False) -> None:
    """Print a text on stdout or stderr. Control characters, which may come from plugins and files, are escaped.

    Args:
        text: The text.
        err: Print it on stderr.
    """
    click.echo(escaped(str(text)), err=err)
