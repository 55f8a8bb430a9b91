"""Links are valid, CI runs the README's commands, and the text is about the project only."""

from __future__ import annotations

import io
import os
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers.pages import PAGES, TOP

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# `session: ...` documents an argument of ganzoo.training.
OUTSIDE = re.compile(r"(?<!training[ /.])\bsession\b(?!: )|issue #|/work\b|\.\./shared", re.I)
ALLOWED = {
    "tests/conftest.py": "../shared/data",  # where real data may lie
    "docs/design/layout.md": "`session.py`",  # a file of ganzoo/training
}
THIS = Path(__file__).relative_to(TOP)
TEXTS = [
    path
    for folder in ("ganzoo", "plugins", "recipes", "tests", "docs", "benchmarks", ".ci")
    for path in sorted((TOP / folder).rglob("*"))
    if path.suffix in (".py", ".md", ".toml", "") and path.is_file()
]
ROOT = [TOP / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "pyproject.toml", "mkdocs.yml")]


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(TOP))) for page in PAGES])
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{page}: {link}"
        assert not anchor or anchor in anchors(target), f"{page}: no heading {anchor!r} in {target}"


def words(path: Path) -> Iterator[tuple[int, str]]:
    """Text that a person reads: comments and strings of Python files, everything in other files."""
    text = path.read_text()
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.COMMENT, tokenize.STRING) and token.string != '"session"':  # pytest's word
            yield token.start[0], token.string


def test_the_text_speaks_of_the_project_alone() -> None:
    found = []
    for path in [*TEXTS, *ROOT]:
        name = str(path.relative_to(TOP))
        if path.relative_to(TOP) == THIS or "__pycache__" in name:
            continue
        for line, text in words(path):
            if OUTSIDE.search(text.replace(ALLOWED.get(name, "\0"), "")):
                found.append(f"{name}:{line}: {text}")
    assert found == []


def test_lines_of_the_documentation_are_no_longer_than_those_of_the_code() -> None:
    for page in PAGES:
        long = [
            line for line in page.read_text().splitlines() if len(line) > 120 and not line.startswith(("|", "bad.toml"))
        ]
        assert long == [], page


def readme_commands() -> list[str]:
    return re.findall(r"^python3 -m venv .*$", (TOP / "README.md").read_text(), re.M)


def test_the_readme_has_two_commands_of_one_line_each() -> None:
    install, test = readme_commands()
    assert install.endswith(" && .venv/bin/ganzoo run quickstart")
    assert test.endswith(" && .venv/bin/python -m pytest")


def test_ci_runs_the_readmes_test_command(tmp_path: Path) -> None:
    """With every program replaced by one that says how it was called."""
    script = (TOP / ".ci/run").read_text()
    assert os.access(TOP / ".ci/run", os.X_OK)
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir()
    speak = f'#!/bin/sh\necho "$(basename "$0") $*" >> "{tmp_path}/calls"\n'
    for name, more in {"python3": 'mkdir -p "$3/bin"; cp "$TOOLS"/* "$3/bin/"\n', "id": "echo 1000\n"}.items():
        (stand_ins / name).write_text(speak + more)
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("pip", "python", "ruff", "lint-imports", "pydoclint", "mypy"):
        (tools / name).write_text(speak)
    for file in [*stand_ins.iterdir(), *tools.iterdir()]:
        file.chmod(0o755)
    path = f"{stand_ins}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TOOLS": str(tools), "TMPDIR": str(tmp_path)}
    command = ["bash", str(TOP / ".ci/run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    calls = [line for line in (tmp_path / "calls").read_text().splitlines() if not line.startswith("id ")]
    venv = calls[0].split()[-1]
    *_, install, test = (part.replace(".venv/bin/", "").replace("'", "") for part in readme_commands()[1].split(" && "))
    pydoclint = "pydoclint --config pyproject.toml ganzoo plugins"
    lint = ["ruff check .", "ruff format --check .", "lint-imports ", pydoclint]
    for beside in (f"python -m compileall -q -j 0 {venv}", "mypy "):  # the linters, at any time
        assert calls.index(install) < calls.index(beside) < calls.index(test)
        calls.remove(beside)
    assert calls == [f"python3 -m venv {venv}", install, *lint, test]
    assert not Path(venv).exists()
    assert script.rstrip().endswith('eval "$tests"')
    (tmp_path / "calls").unlink()
    (tools / "mypy").write_text("#!/bin/sh\nexit 1\n")
    assert subprocess.run(command, env=environment, capture_output=True, check=False, cwd=tmp_path).returncode == 1
    assert " -m pytest" not in (tmp_path / "calls").read_text()
