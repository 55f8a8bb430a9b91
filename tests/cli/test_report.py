"""`ganzoo report`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.sampling.run import Run
from helpers.commands import ganzoo
from helpers.support import tiny, train


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tiny("", "run.steps=2", "run.log=1"), tmp_path_factory.mktemp("runs"))


def test_into_the_run_by_default(run: Run) -> None:
    for place in (run.folder, run.folder.parent, run.latest):
        (run.folder / "report.html").unlink(missing_ok=True)
        assert ganzoo("report", str(place), "--no-samples").stdout == f"{run.folder / 'report.html'}\n"
        assert (run.folder / "report.html").read_text().startswith("<!DOCTYPE html>")


def test_of_several_runs_into_this_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert ganzoo("report", str(run.folder), str(run.folder), "--no-samples").stdout == "report.html\n"
    assert "<h1>2 runs of tiny</h1>" in (tmp_path / "report.html").read_text()


def test_where_it_is_told_to(run: Run, tmp_path: Path) -> None:
    assert ganzoo("report", str(run.folder), "-o", str(tmp_path / "new/a.html")).exit_code == 0
    assert "Interpolations" in (tmp_path / "new/a.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("RUN", "-o", "a.pdf"), 2, "end it in .html"),
        ((), 2, "Missing argument"),
        (("nowhere",), 5, "not a run folder"),
        (("RUN", "-o", "RUN/status.json/a.html"), 6, "Give another place with --out"),
    ],
)
def test_what_cannot_be(words: tuple[str, ...], code: int, message: str, run: Run) -> None:
    result = ganzoo("report", *(word.replace("RUN", str(run.folder)) for word in words))
    assert result.exit_code == code and message in result.stderr
