"""docs/design/layout.md lists every Python file once, and a stranger finds concepts by the names of files."""

from __future__ import annotations

import re
import tomllib

import pytest

from helpers.pages import TOP

PAGE = (TOP / "docs/design/layout.md").read_text()
ROOTS = ("ganzoo", "plugins/ganzoo_builtins")
LISTED = [
    (f"{section[0]}/{file}", contents.strip())
    for section in re.findall(r"^### `([\w/]+)/`\n(.*?)(?=^#|\Z)", PAGE, re.M | re.S)
    for file, contents in re.findall(r"^\| `(\w+\.py)` \|(.*)\|$", section[1], re.M)
]
CONCEPTS = {  # what a stranger looks for: words of a file name to try first, and the file that has it
    "the orientation of EMNIST's images": ("emnist", "plugins/ganzoo_builtins/datasets/emnist.py"),
    "rollback after NaN": ("rollback", "ganzoo/training/rollback.py"),
    "a suggestion for a misspelt name": ("errors", "ganzoo/errors.py"),
    "which checkpoints are kept": ("retention", "ganzoo/runs/retention.py"),
    "the learning-rate factor of a step": ("training/schedules", "ganzoo/training/schedules.py"),
    "half-block pictures in a terminal": ("terminal/image", "ganzoo/terminal/image.py"),
    "the order of an epoch": ("sampler", "ganzoo/data/sampler.py"),
    "the report of a run that became NaN": ("nonfinite", "ganzoo/training/nonfinite.py"),
    "what `ganzoo watch` shows": ("terminal/watch", "ganzoo/terminal/watch.py"),
    "redaction of user names and paths": ("redact", "ganzoo/utils/redact.py"),
}


def test_every_file_is_listed_once() -> None:
    files = {str(path.relative_to(TOP)) for root in ROOTS for path in (TOP / root).rglob("*.py")}
    assert sorted(file for file, _ in LISTED) == sorted(file for file in files if "/templates/" not in file)


def test_the_layers_are_those_of_the_contract() -> None:
    contracts = tomllib.loads((TOP / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract["id"] == "layers"]
    (shown,) = re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S)
    assert shown.splitlines() == layers[::-1]


def test_no_line_is_empty() -> None:
    assert [file for file, contents in LISTED if not contents] == []


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_concept_is_found_by_one_file_name(concept: str) -> None:
    word, file = CONCEPTS[concept]
    assert [path for path, _ in LISTED if word in path] == [file]
