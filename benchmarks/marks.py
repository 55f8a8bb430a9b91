"""Measured text in documentation pages: the marks around it."""

from __future__ import annotations

import argparse
from pathlib import Path

END = "<!-- end of what is measured -->"


def begin(command: str) -> str:
    """Return the mark that precedes the text written by a command."""
    return f"<!-- measured: {command} -->"


def insert(page: str, begin: str, text: str) -> str:
    """Replace the text between two marks of a page.

    Args:
        page: Markdown source of the page.
        begin: First mark.
        text: New text between `begin` and `END`.

    Returns:
        The changed page.

    Raises:
        ValueError: A mark is missing.
    """
    before, opening, rest = page.partition(begin)
    _, closing, after = rest.partition(END)
    if not opening or not closing:
        raise ValueError(f"the page needs the two lines {begin} and {END}")
    return f"{before}{begin}\n\n{text.strip()}\n\n{END}{after}"


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a command whose text goes into a page by `--write`, see publish()."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, metavar="PAGE", help="Write the table into a page.")
    return parser


def publish(text: str, begin: str, page: Path | None) -> None:
    """Write text between the marks of a page, or print it.

    Args:
        text: The text.
        begin: First mark.
        page: The page; None prints the text.

    Raises:
        ValueError: A mark is missing.
    """
    if page is None:
        print(text)
    else:
        page.write_text(insert(page.read_text(), begin, text))
