"""The comparison at the head of a report: 18 runs of a sweep of 3 x 2 settings with 3 seeds each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ganzoo.report import page, settings
from ganzoo.report.curves import Curve
from helpers import reported
from helpers.browser import PROGRAM, browser

SCREEN = 900  # pixels


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sweep")
    runs = reported.sweep(reported.letters(folder / "trained"), folder)
    return page.save([(run, None) for run in runs], folder / "report.html", with_samples=False)


def test_seeds_share_a_row_and_no_curve_is_dropped(file: Path) -> None:
    text = file.read_text()
    table, _, rest = text.partition("</table>")
    labels = [f"loss={loss}, lr={lr}" for loss in ("hinge", "least_squares", "minimax") for lr in ("0.001", "0.003")]
    assert re.findall(r'<td class="long">(loss=.*?) <small>seed', table) == labels
    assert re.findall(r'<a href="#run-(\d+)">(\d)</a>', table) == [(str(k), str(k % 3)) for k in range(18)]
    assert "<b>16 ± 8</b>" in table, "8, 16 and 24"
    first = re.search(r'<figure class="chart">.*?</figure>', rest, re.S)
    assert first and "frechet_distance@raw" in first[0]
    assert len(re.findall(r'<polyline class="c\d thin"', first[0])) == 18
    assert len(re.findall(r'<polyline class="c\d"', first[0])) == 6
    assert len(re.findall(r"<polygon", first[0])) == 6
    assert re.findall(r"<i></i>(\w)<b data-value>", first[0]) == [*"ABCDEF"]
    assert text.count('<section class="run') == text.count('<details class="run">') == 18
    samples = text.partition("<h3>Last samples</h3>")[2].partition("<h3>Runs</h3>")[0]
    assert samples.count("<img ") == 18
    assert "<code>loss.use</code>" in samples and "<code>run.seed</code>" not in samples


def test_the_mean_of_curves_is_taken_where_all_have_values() -> None:
    one = Curve("x", [(1, 2.0, 2.0, 2.0), (2, 4.0, 4.0, 4.0)])
    other = Curve("x", [(1, 4.0, 4.0, 4.0), (3, 9.0, 9.0, 9.0)])
    mean = settings._mean("A", [one, other])
    assert mean.points == [(1, 3.0, pytest.approx(3 - 2**0.5), pytest.approx(3 + 2**0.5))]
    assert mean.members == ([(1, 2.0), (2, 4.0)], [(1, 4.0), (3, 9.0)])
    assert settings._mean("A", [one]) == Curve("A", one.points)
    assert settings._mean("A", []).points == []


@pytest.mark.skipif(not PROGRAM, reason="no Chromium here")
def test_it_fits_three_screens(file: Path) -> None:
    with browser() as tab:
        tab.open(file, 1280, SCREEN)
        assert tab.ask("document.documentElement.scrollHeight") <= 3 * SCREEN
        assert tab.ask("document.documentElement.scrollWidth") == 1280
        tab.ask("document.querySelector('a[href=\"#run-4\"]').click()")
        assert tab.ask("document.querySelectorAll('details.run[open]').length") == 1, "the link opens its run"
        tab.open(file, 390)
        assert tab.ask("document.documentElement.scrollWidth") == 390
        assert tab.errors == []
