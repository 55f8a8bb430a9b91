"""Texts of plugins and files are shown on a terminal, and not obeyed."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.table import Table

from ganzoo.errors import escaped
from ganzoo.terminal.console import Console
from ganzoo.terminal.output import echo

HOSTILE = {
    "colour": "\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "C1": "\x9b2J",
    "carriage return": "safe\rchanged",
    "backspace": "a\x08b",
    "direction": "abc\u202egpj.exe",
}
hostile = pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in HOSTILE.items()])


def shown(thing: object, **options: bool) -> str:
    file = io.StringIO()
    Console(file=file, width=60, **options).print(thing)  # type: ignore[arg-type]
    return file.getvalue()


@hostile
def test_a_line_is_printable(text: str) -> None:
    assert shown(text).rstrip("\n").isprintable()


@hostile
def test_a_table_in_a_terminal_has_no_escape_sequence_but_its_own(text: str) -> None:
    table = Table(text)
    table.add_row(text, style="bold")
    drawn = shown(table, force_terminal=True)
    assert text not in drawn
    assert drawn.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\n", "").isprintable()


@hostile
def test_so_is_a_plain_line(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    echo(text)
    echo(text, err=True)
    out, err = capsys.readouterr()
    assert out == err == escaped(text) + "\n"
    assert out.rstrip("\n").isprintable()


def test_nothing_is_printed_another_way() -> None:
    sources = {path: path.read_text() for path in (Path(__file__).parents[2] / "ganzoo").rglob("*.py")}
    echoing = [path.name for path, source in sources.items() if "click.echo" in source or "click.secho" in source]
    drawing = [path.name for path, source in sources.items() if "from rich.console import Console\n" in source]
    assert (echoing, drawing) == (["output.py"], [])


def test_line_feeds_tabs_and_bytes_of_file_names_stay() -> None:
    assert escaped("a\n\tb caf\udce9 é 🙂") == "a\n\tb caf\udce9 é 🙂"


def test_a_long_text_is_not_cut() -> None:
    assert escaped("\x1b" + "x" * 10**5) == "\\x1b" + "x" * 10**5
