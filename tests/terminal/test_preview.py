"""The preview of samples: what fits, and where it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from ganzoo.terminal import preview


@pytest.mark.parametrize(
    ("grid", "columns", "size"),
    [
        ((26 * 30 + 2, 4 * 30 + 2), 26, (70, 28)),  # of 26 columns the first 5, of 14 pixels each
        ((8 * 30 + 2, 8 * 30 + 2), 8, (70, 28)),
        ((3 * 30 + 2, 30 + 2), 3, (78, 26)),
        ((8 * 10 + 2, 2 * 10 + 2), 8, (80, 20)),  # small samples are not enlarged
        ((256 + 2, 256 + 2), 1, (28, 28)),
        ((640, 480), 0, (53, 40)),  # a plot is shown whole
    ],
)
def test_as_many_samples_as_fit(grid: tuple[int, int], columns: int, size: tuple[int, int]) -> None:
    shown = preview.first_samples(Image.new("RGB", grid), columns, 80, 20)
    assert shown.width <= 80 and shown.height <= 40
    assert abs(shown.width - size[0]) <= 2 and abs(shown.height - size[1]) <= 2


def test_the_first_sample_is_the_one_of_the_grid() -> None:
    grid = Image.new("RGB", (260, 20))
    grid.paste((255, 0, 0), (0, 0, 10, 10))
    shown = preview.first_samples(grid, 26, 80, 20)
    assert shown.getpixel((0, 0)) == (255, 0, 0) and shown.getpixel((40, 0)) == (0, 0, 0)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TTY_COMPATIBLE": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.mark.usefixtures("terminal")
def test_files_that_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert Console().color_system == "truecolor"
    folder = tmp_path / "samples"
    folder.mkdir()
    for k in range(3):
        Image.new("L", (4, 4), 255).save(folder / f"{k}.png")
    preview.show(folder, 0)
    assert capsys.readouterr().out.count("▀") == 12 * 2
    preview.show(folder / "0.png", 1)
    assert capsys.readouterr().out.count("▀") == 4 * 2
    (tmp_path / "a.txt").write_text("".join(f"[b]{k}[/b]\n" for k in range(9)))
    preview.show(tmp_path / "a.txt", 0)
    assert capsys.readouterr().out.splitlines()[0] == "  [b]0[/b]"
    (tmp_path / "a.npz").write_bytes(b"")
    preview.show(tmp_path / "a.npz", 0)
    assert capsys.readouterr().out == ""


def test_nothing_is_shown_in_a_pipe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "a.png")
    preview.show(tmp_path / "a.png", 1)
    assert capsys.readouterr().out == ""
