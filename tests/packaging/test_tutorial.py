"""The tutorial works step by step in a new environment."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers import pages

pytestmark = pytest.mark.slow
PAGE = pages.TOP / "docs/tutorial.md"
QUICK = {  # by verb: laid over the commands of the page
    "run": ["run.steps=4", "run.batch_size=16"],
    "compare": ["run.steps=4", "run.batch_size=16", "--metric", "kernel_distance", "-n", "100"],
}


def test_every_command_does_what_the_page_says(environment: Callable) -> None:
    here = environment()
    said, ran = "", 0
    for block in pages.blocks(PAGE):
        named = re.match(r"# (ganzoo-swirl/[\w./]+)\n", block.text)
        if named:
            (here.home / named[1]).write_text(block.text.partition("\n")[2])
        elif block.language == "sh" and not block.skipped:
            for line in block.text.splitlines():
                done = follow(here, shlex.split(line))
                said = done.stdout + done.stderr
                assert (done.returncode == 0) is not block.fails, f"{line}\n{said}"
                ran += 1
        elif block.language == "text" and ran > 1:
            assert told(said) >= told(block.text), said
    assert ran >= 15


def follow(here: Callable, words: list[str]) -> subprocess.CompletedProcess[str]:
    if words[:3] == ["pip", "install", "-e"]:
        here.install(here.home / words[3].partition("[")[0], editable=True)
        return subprocess.CompletedProcess(words, 0, "", "")
    if words[:3] == ["python", "-m", "pytest"]:
        words = [*words, "-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    return here(*words, *QUICK.get(words[1], []))


def told(text: str) -> set[str]:
    """The words of each sentence, however wide the table is that they stand in."""
    return set(re.sub(r"[│┃|]", " ", text).split())


def test_the_list_of_files_is_that_of_a_new_package(environment: Callable, tmp_path: Path) -> None:
    first = next(block for block in pages.blocks(PAGE) if block.language == "text")
    here = environment()
    assert here("ganzoo", *shlex.split(pages.blocks(PAGE)[0].text)[1:]).returncode == 0
    made = {path.name for path in (here.home / "ganzoo-swirl").rglob("*") if not path.name.startswith((".", "test_"))}
    assert {name for name in made if re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", first.text)} == made
