"""The live bar of a notebook, with stand-ins for IPython, which is not required."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from ganzoo.terminal import notebook
from ganzoo.terminal.progress import ProgressDisplay, waiting


class Cell:
    """The output of a cell: what each piece of HTML was in turn."""

    def __init__(self, kernel: bool = True):
        self.pieces: list[list[str]] = []
        self.shell = SimpleNamespace(kernel=1) if kernel else SimpleNamespace()
        self.display = SimpleNamespace(HTML=str, display=self._display)

    def get_ipython(self) -> Any:
        return self.shell

    def _display(self, content: str, display_id: bool) -> Any:
        assert display_id
        self.pieces.append([content])
        return SimpleNamespace(update=self.pieces[-1].append)


@pytest.fixture
def cell(monkeypatch: pytest.MonkeyPatch) -> Cell:
    output = Cell()
    monkeypatch.setitem(sys.modules, "IPython", output)
    return output


def test_a_bar_has_its_text_and_the_last_lines_escaped() -> None:
    assert notebook.bar(3, 10, "step <3>", []) == (
        '<div><progress value="3" max="10"></progress> <code>step &lt;3&gt;</code></div>'
    )
    many = [f"line {k}" for k in range(notebook.LINES + 1)]
    shown = notebook.bar(3, 10, "", many)
    assert "line 0\n" not in shown and "line 1\n" in shown and shown.endswith(f"line {notebook.LINES}</pre>")


def test_a_training_has_one_piece_of_output(cell: Cell, capfd: pytest.CaptureFixture[str]) -> None:
    with ProgressDisplay(10, 0) as display:
        display.say("a\x1b[31m remark")
        display.step(5)
        display.update(5, {"generator/adversarial": 0.5}, 100.0)
        display.step(10)
        display.update(10, {"generator/adversarial": 0.25}, 100.0)
    (shown,) = cell.pieces
    assert '<progress value="10" max="10">' in shown[-1] and "step 10/10  generator 0.250" in shown[-1]
    assert "a\\x1b[31m remark" in shown[-1]
    assert capfd.readouterr() == ("", "")


def test_waiting_leaves_nothing_behind(cell: Cell) -> None:
    with waiting("reading"):
        assert cell.pieces == [["", "<code>reading</code>"]]
    assert cell.pieces[0][-1] == ""


@pytest.mark.parametrize("ipython", [None, Cell(kernel=False)])
def test_outside_a_notebook_there_is_no_live_output(monkeypatch: pytest.MonkeyPatch, ipython: Any) -> None:
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert notebook.live() is None
