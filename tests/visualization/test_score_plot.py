"""Figures of scores, and their files."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from PIL import Image

from ganzoo.errors import GanzooError, SetupError
from ganzoo.runs.score_curves import Point, ScoreCurve
from ganzoo.utils.output import is_own_output
from ganzoo.visualization import score_plot

SEEDS = (((10.0, 4.0), (20.0, 2.0)), ((10.0, 8.0), (20.0, 6.0)))
POINTS = (Point(10, 6.0, 2.0), Point(20, 4.0, 2.0))
CURVES = {
    "frechet_distance@raw": [
        ScoreCurve("loss.use=hinge", SEEDS, POINTS, 0.5, "lower"),
        ScoreCurve("costs $5, $6", (((10.0, 9.0),),), (Point(10, 9.0, 0.0),), 0.5, "lower"),
    ],
    "recall@raw": [ScoreCurve("loss.use=hinge", SEEDS, POINTS, None, "higher")],
    "precision@raw": [],
}
pytest.importorskip("matplotlib")


def test_a_figure_has_a_panel_for_each_score_and_a_line_for_each_setting_and_run() -> None:
    panels = {name: curves for name, curves in CURVES.items() if curves}
    figure = score_plot._figure(panels, "minutes")
    first, second = figure.axes
    assert first.get_title() == "frechet_distance@raw (lower is better)"
    assert second.get_title() == "recall@raw (higher is better)"
    assert first.get_xlabel() == "minutes" and first.get_yscale() == "linear"
    drawn = [[float(y) for y in line.get_ydata()] for line in first.lines]
    assert drawn == [[4.0, 2.0], [8.0, 6.0], [6.0, 4.0], [9.0], [0.5, 0.5]]
    (band,) = first.collections
    assert band.get_paths()[0].get_extents().bounds == (10.0, 2.0, 10.0, 6.0)  # from 4 - 2 to 6 + 2
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["loss.use=hinge", r"costs \$5, \$6", "real samples"]


def test_scores_of_several_powers_of_ten_have_a_logarithmic_axis() -> None:
    wide = ScoreCurve("a", (((1.0, 100.0), (2.0, 1.0)),), (Point(1, 100.0, 0), Point(2, 1.0, 0)), None, "lower")
    assert score_plot._figure({"x": [wide]}, "steps").axes[0].get_yscale() == "log"


@pytest.mark.parametrize("suffix", [".svg", ".pdf", ".png", ".PNG"])
def test_the_same_scores_give_the_same_file(suffix: str, tmp_path: Path) -> None:
    first, second = (score_plot.save(CURVES, tmp_path / f"{name}{suffix}", "steps") for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    if suffix == ".png":
        with Image.open(first) as picture:
            assert picture.width == 2 * 3.3 * 200
        assert is_own_output(first)
    if suffix == ".svg":
        assert re.search(r"<text[^>]*>loss.use=hinge</text>", first.read_text()), "text that can be selected"


def test_an_existing_file_is_kept_unless_it_may_go(tmp_path: Path) -> None:
    path = tmp_path / "a.svg"
    path.write_text("mine")
    with pytest.raises(GanzooError, match="exists already"):
        score_plot.save(CURVES, path, "steps")
    assert path.read_text() == "mine"
    assert score_plot.save(CURVES, path, "steps", force=True) == path and "<svg" in path.read_text()


def test_refused_before_anything_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GanzooError, match=r"a\.jpg: end it in \.svg, \.pdf or \.png"):
        score_plot.check(tmp_path / "a.jpg")
    with pytest.raises(GanzooError, match="no scores to draw"):
        score_plot.save({"x": []}, tmp_path / "a.svg", "steps")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SetupError, match=r"pip install 'ganzoo-torch\[plot\]'"):
        score_plot.check(tmp_path / "a.svg")
