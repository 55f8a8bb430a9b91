"""Pages of the documentation, their fenced blocks, and the plugins that the blocks define."""

from __future__ import annotations

import contextlib
import importlib
import re
import shlex
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from ganzoo.registry import discovery
from ganzoo.registry.discovery import Plugins

TOP = Path(__file__).parents[2]
EXAMPLES = set(TOP.glob("docs/examples/**/*.md"))  # their packages have their own tests
PAGES = [
    *(TOP / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted(set(TOP.glob("docs/**/*.md")) - EXAMPLES),
]
FENCE = re.compile(r"^(?P<before>[^\n]*)\n```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
SKIPPED = re.compile(r"<!-- not run: .+ -->")
FAILS = "<!-- fails -->"
FOLLOWED = TOP / "docs/tutorial.md"  # tests/packaging/test_tutorial.py runs all its commands


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    language: str
    text: str
    skipped: bool
    fails: bool

    @property
    def id(self) -> str:
        return f"{self.page.relative_to(TOP)}:{self.line}"

    @property
    def file(self) -> str:
        """The file name in a first line such as `# mine.toml: a recipe`, or ""."""
        named = re.match(r"# ([\w.]+\.(?:py|toml))[:\n]", self.text)
        return named[1] if named else ""


@cache
def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page. One below `<!-- not run: reason -->` is skipped; one below FAILS has to fail."""
    text = page.read_text()
    assert text.count("\n```") % 2 == 0, f"{page}: a fence is not closed"
    found = []
    for fence in FENCE.finditer(text):
        line = text.count("\n", 0, fence.start("text")) + 1
        skipped = bool(SKIPPED.fullmatch(fence["before"]))
        found.append(Block(page, line, fence["language"], fence["text"], skipped, fence["before"] == FAILS))
    return found


def every(*languages: str) -> list[Block]:
    return [block for page in PAGES if page != FOLLOWED for block in blocks(page) if block.language in languages]


@cache
def namespace(page: Path) -> tuple[dict[str, Any], dict[str, ModuleType]]:
    """Run the Python blocks of a page; return their names, and a plugin for each block with hooks."""
    name = f"page_{page.stem.replace('-', '_').lower()}"
    module = ModuleType(name)
    module.__file__ = str(page)
    sys.modules[name] = module  # inspect and pickling look classes up by module
    shared, plugins = module.__dict__, {}
    for block in blocks(page):
        if block.language != "python" or block.skipped or page == FOLLOWED:
            continue
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec", dont_inherit=True)
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            exec(code, shared)
        hooks = {key: shared.pop(key) for key in list(shared) if isinstance(shared[key], FunctionType) and is_hook(key)}
        if hooks:
            plugin = ModuleType(f"{name}_{block.line}")
            plugin.__dict__.update(hooks)
            plugins[f"{page.stem.lower()}/line{block.line}"] = plugin
    return shared, plugins


def is_hook(name: str) -> bool:
    return name.startswith("ganzoo_")


def plugins(page: Path) -> Plugins:
    """Return the built-in plugins and those of a page."""
    built_in = {row.name: importlib.import_module(row.module) for row in discovery.load().rows if is_ours(row.name)}
    found = discovery.load({**built_in, **namespace(page)[1]})
    assert [row.error for row in found.rows if row.error] == []
    return found


def is_ours(plugin: str) -> bool:
    return plugin.startswith("ganzoo/")


def commands(block: Block) -> list[list[str]]:
    """Return the arguments of each `ganzoo` command in a block of shell lines."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = next((k for k, word in enumerate(words) if word in ("&&", "|")), len(words))
            one, words = words[:end], words[end + 1 :]
            program = next((word for word in one if "=" not in word), "")  # after VARIABLE=value
            if Path(program).name == "ganzoo":
                found.append(one[one.index(program) + 1 :])
            elif program == "torchrun" and "ganzoo" in one:
                found.append(one[one.index("ganzoo") + 1 :])
    return found
