"""The documentation site builds without warnings, has no broken links, and loads nothing from other hosts."""

from __future__ import annotations

import importlib.util
import os
import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

import ganzoo
from ganzoo.cli import VERBS
from helpers.pages import EXAMPLES, TOP

LACKING = [
    name for name in ("mkdocs", "material", "mkdocstrings", "mkdocs_click") if not importlib.util.find_spec(name)
]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKING), reason=f"{', '.join(LACKING)} not installed: pip install 'ganzoo-torch[docs]'"),
]
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Page(HTMLParser):
    """A page with the files it loads, its links and its anchors."""

    def __init__(self, path: Path):
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        address = given.get(LOADED.get(tag, ""))
        if address:
            self.loads.append(address)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, float]:
    """The site's folder, what the build said, and the seconds of computing it took, whoever else is busy."""
    site = tmp_path_factory.mktemp("site") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    paths = os.pathsep.join([str(TOP), str(TOP / "plugins"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": paths, "NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"}
    start = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(command, cwd=TOP, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return site, done.stdout + done.stderr, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - start


@pytest.fixture(scope="module")
def parsed(built: tuple[Path, str, float]) -> dict[Path, Page]:
    return {path: Page(path) for path in built[0].rglob("*.html")}


def test_it_builds_without_a_warning_within_a_minute(built: tuple[Path, str, float]) -> None:
    _, said, seconds = built
    assert "Documentation built" in said
    assert re.findall(r"^.*(?:WARN|ERROR|griffe).*$", said, re.M | re.I) == []
    assert seconds < 60


def test_every_page_is_built(built: tuple[Path, str, float], parsed: dict[Path, Page]) -> None:
    docs = TOP / "docs"
    pages = {path.relative_to(docs).with_suffix(".html") for path in {*docs.rglob("*.md")} - EXAMPLES}
    assert {path.relative_to(built[0]) for path in parsed} == pages | {Path("404.html")}


def test_nothing_is_loaded_from_elsewhere(built: tuple[Path, str, float], parsed: dict[Path, Page]) -> None:
    assert [address for page in parsed.values() for address in page.loads if "//" in address] == []
    styles = list(built[0].rglob("*.css"))
    assert styles
    outside = r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^)\"']*"
    assert [found for path in styles for found in re.findall(outside, path.read_text())] == []


def inside(parsed: dict[Path, Page]) -> Iterator[tuple[Path, str, Path, str]]:
    """Links within the site: page, link, target, anchor."""
    for path, page in parsed.items():
        if path.name == "404.html":  # is served for any address, and has absolute links
            continue
        for link in page.links:
            if re.match(r"[a-z]+:", link) or link in ("", "#"):
                continue
            target, anchor = urldefrag(link)
            yield path, link, (path.parent / unquote(target)).resolve() if target else path, unquote(anchor)


def test_every_link_and_anchor_is_there(parsed: dict[Path, Page]) -> None:
    wrong = []
    for path, link, target, anchor in inside(parsed):
        if target.is_dir():
            target /= "index.html"
        if not target.is_file() or (anchor and target in parsed and anchor not in parsed[target].anchors):
            wrong.append(f"{path.name}: {link}")
    assert wrong == []


def test_every_page_can_be_reached(built: tuple[Path, str, float], parsed: dict[Path, Page]) -> None:
    ways: dict[Path, set[Path]] = {}
    for path, _, target, _ in inside(parsed):
        ways.setdefault(path, set()).add(target)
    seen, ahead = set(), [built[0] / "index.html"]
    while ahead:
        page = ahead.pop()
        if page not in seen:
            seen.add(page)
            ahead += ways.get(page, ())
    assert {path for path in parsed if path.name != "404.html"} <= seen


def test_the_reference_holds_every_name_and_every_command(built: tuple[Path, str, float]) -> None:
    pages = [Page(path) for path in (built[0] / "reference").glob("*.html")]
    anchors = set().union(*(page.anchors for page in pages))
    assert {f"ganzoo.{name}" for name in ganzoo.__all__} - {"ganzoo.hookimpl"} <= anchors
    assert {f"ganzoo-{verb}" for verb in VERBS} <= anchors
    assert {"ganzoo.testing.checks", "ganzoo.hookspecs.ganzoo_register"} <= anchors


def test_links_out_of_the_documentation_become_text(built: tuple[Path, str, float]) -> None:
    text = (built[0] / "write-a-plugin.html").read_text()
    assert '<span title="README.md, in the repository">README</span>' in text


def test_settings_of_a_docstring_are_a_list(built: tuple[Path, str, float]) -> None:
    text = (built[0] / "reference/plugins.html").read_text()
    assert re.search(r"<b><code>target</code></b>", text)
    assert "<p>Args:" not in text
