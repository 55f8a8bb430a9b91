"""Reports in a browser, at the widths of a desktop and of a phone; skipped without Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganzoo.report import page
from helpers import reported
from helpers.browser import PROGRAM, Page, browser

pytestmark = pytest.mark.skipif(not PROGRAM, reason="no Chromium here")
WIDTHS = (1280, 390)
DARK_PAPER = "rgb(21, 24, 28)"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Reports of one run, with HTML in its names, and of two runs."""
    folder = tmp_path_factory.mktemp("pages")
    other = reported.judged(reported.letters(folder / "a"))
    evil = reported.evil(reported.judged(reported.letters(folder / "b"), samples=300))
    page.save([(evil, None)], folder / "one.html", with_samples=False)
    page.save([(other, None), (evil, None)], folder / "two.html", with_samples=False)
    return [folder / "one.html", folder / "two.html"]


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with browser() as opened:
        yield opened


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("k", [0, 1])
def test_it_fits_runs_nothing_else_and_asks_for_nothing(k: int, width: int, files: list[Path], tab: Page) -> None:
    tab.open(files[k], width)
    assert tab.ask("innerWidth") == width
    assert tab.ask("document.documentElement.scrollWidth") == width
    assert tab.ask("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    assert tab.ask("document.querySelectorAll('svg').length") > 2
    assert tab.errors == []
    assert [address for address in tab.requests if not address.startswith("data:")] == [files[k].as_uri()]
    assert tab.ask("typeof window.evil") == "undefined"


def test_the_slider_changes_the_picture(files: list[Path], tab: Page) -> None:
    tab.open(files[0], 390)
    shown = "[...document.querySelectorAll('.frame')].filter((f) => f.offsetHeight).map((f) => f.dataset.label).join()"
    range_ = "document.querySelector('[type=range]')"
    assert tab.ask(shown) == "step 12"
    tab.ask(f"{range_}.value = 1; {range_}.dispatchEvent(new Event('input'))")
    assert tab.ask(shown) == "step 4"
    assert tab.ask("document.querySelector('output').textContent") == "step 4"
    tab.ask("document.querySelector('button').click()")
    assert tab.ask("document.querySelector('button').textContent") == "Stop"


def test_pointing_at_a_chart_tells_the_values_there(files: list[Path], tab: Page) -> None:
    tab.open(files[0], 1280)
    x, y = tab.ask(
        "(() => { const svg = document.querySelector('svg'); svg.scrollIntoView();"
        " const box = svg.getBoundingClientRect(); return [box.left + box.width * 0.5, box.top + 50]; })()"
    )
    value, at = "document.querySelector('[data-value]').textContent", "document.querySelector('[data-at]').textContent"
    last = tab.ask(value)
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert tab.ask(at).startswith("step ") and tab.ask(value) != last
    tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert (tab.ask(at), tab.ask(value)) == ("", last)


def test_without_scripts_the_last_grid_is_shown(files: list[Path], tab: Page) -> None:
    tab.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        tab.open(files[0], 1280)
        assert tab.ask("[...document.querySelectorAll('.frame')].filter((f) => f.offsetHeight).length") == 1
        assert tab.ask("document.querySelector('.slider').offsetHeight") == 0
    finally:
        tab.call("Emulation.setScriptExecutionDisabled", value=False)


def test_on_paper_a_few_grids_stand_for_the_slider(files: list[Path], tab: Page, tmp_path: Path) -> None:
    tab.open(files[0], 1280)
    tab.call("Emulation.setEmulatedMedia", media="print")
    assert tab.ask("[...document.querySelectorAll('.frame')].filter((f) => f.offsetHeight).length") == 3
    assert tab.ask("document.querySelector('.slider').offsetHeight") == 0
    assert tab.pdf(tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert tab.ask("[...document.querySelectorAll('details')].every((one) => one.open)")


def test_dark_where_the_reader_likes_it_dark(files: list[Path], tab: Page) -> None:
    tab.open(files[0], 390, dark=True)
    assert tab.ask("getComputedStyle(document.body).backgroundColor") == DARK_PAPER


def test_the_page_refuses_what_is_not_its_own(files: list[Path], tab: Page) -> None:
    tab.open(files[0], 390)
    tab.ask("document.body.append(Object.assign(new Image(), {src: 'https://example.org/x.png'}))")
    tab.ask("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.evil = 3'}))")
    assert tab.ask("typeof window.evil") == "undefined"
    assert any("Content Security Policy" in error for error in tab.errors)
