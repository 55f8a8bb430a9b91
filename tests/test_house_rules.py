"""The house rules for language, attributes and imports, which no linter of ours knows.

CONTRIBUTING.md says what they are for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
Rule = Callable[[ast.Module], Iterator[tuple[int, str]]]

RIDDLE = re.compile(r"(What|How|Whether|Which|Likewise|The same|Errors:)\b")
ATTRIBUTE_HOLDERS = (ast.Tuple, ast.List, ast.Starred)


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of every docstring, and of the strings below fields that document them."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for previous, statement in zip([None, *node.body], node.body, strict=False):
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    if previous is None or isinstance(previous, ast.Assign | ast.AnnAssign):
                        yield statement.lineno, text.strip()


def riddles(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Docstrings that begin with a question word or a backward reference instead of a verb or a noun."""
    for line, text in docstrings(tree):
        if RIDDLE.match(text):
            yield line, text.partition("\n")[0]


def errors_sections(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Docstrings with a section of our own instead of Google's `Raises:`."""
    for line, text in docstrings(tree):
        if "Errors:" in text:
            yield line, "Errors:"


def packed_attributes(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Statements that set several attributes at once: `self.a, self.b = ...` and `self.a = self.b = ...`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            packed = any(
                isinstance(part, ast.Attribute)
                for target in node.targets
                if isinstance(target, ATTRIBUTE_HOLDERS)
                for part in ast.walk(target)
                if isinstance(getattr(part, "ctx", None), ast.Store)
            )
            chained = len(node.targets) > 1 and any(isinstance(target, ast.Attribute) for target in node.targets)
            if packed or chained:
                yield node.lineno, ast.unparse(node)


def root_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Imports of the package `ganzoo` itself, whose names are lazy: import-linter does not see where they lead."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            if any(
                alias.name == "ganzoo" or (alias.name.startswith("ganzoo.") and not alias.asname)
                for alias in node.names
            ):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if node.level or (node.module == "ganzoo" and not all(map(is_submodule, names))):
                yield node.lineno, ast.unparse(node)
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = ast.unparse(node.func).rpartition(".")[2]
            if function in ("import_module", "__import__") and node.args[0].value == "ganzoo":
                yield node.lineno, ast.unparse(node)


def is_submodule(name: str) -> bool:
    return (TOP / "ganzoo" / f"{name}.py").is_file() or (TOP / "ganzoo" / name / "__init__.py").is_file()


CODE = ("ganzoo", "plugins", "benchmarks", "tests")
RULES: dict[str, tuple[Rule, tuple[str, ...]]] = {
    "a docstring begins with a verb or a noun": (riddles, (*CODE, "docs/examples")),
    "errors are listed under Raises": (errors_sections, ("ganzoo", "plugins")),
    "a line sets one attribute": (packed_attributes, CODE),
    "no module of ganzoo imports the root package": (root_imports, ("ganzoo",)),
}
EXEMPT = {root_imports: ("ganzoo/__init__.py", "ganzoo/__main__.py")}


@pytest.mark.parametrize("name", RULES)
def test_rule_is_kept(name: str) -> None:
    rule, folders = RULES[name]
    breaches = []
    for path in sorted(path for folder in folders for path in (TOP / folder).rglob("*.py")):
        place = path.relative_to(TOP).as_posix()
        if place not in EXEMPT.get(rule, ()):
            breaches += [f"{place}:{line}: {text}" for line, text in rule(ast.parse(path.read_text()))]
    assert breaches == []


BREACHES = [
    (riddles, '"""What a module is for."""'),
    (riddles, 'def f():\n    """How often it is done."""'),
    (riddles, 'class A:\n    x: int\n    """Which of them."""'),
    (riddles, 'async def f():\n    """\n    Whether it is done.\n    """'),
    (errors_sections, 'def f():\n    """Read a file. Errors: RunError without one."""'),
    (packed_attributes, "self.a, self.b = 1, 2"),
    (packed_attributes, "self.a, (b, *self.c) = f()"),
    (packed_attributes, "[a, self.b] = f()"),
    (packed_attributes, "self.a = b = 0"),
    (root_imports, "import ganzoo"),
    (root_imports, "import ganzoo as zoo"),
    (root_imports, "import ganzoo.errors"),
    (root_imports, "from ganzoo import Generator"),
    (root_imports, "def f():\n    from ganzoo import errors, load"),
    (root_imports, "from . import Generator"),
    (root_imports, 'importlib.import_module("ganzoo")'),
    (root_imports, '__import__("ganzoo")'),
]
KEPT = [
    (riddles, '"""Whatever."""\nx = "What a string is."\nf()\n"""What no docstring is."""'),
    (errors_sections, 'def f():\n    """Read a file.\n\n    Raises:\n        RunError: There is none.\n    """'),
    (packed_attributes, "a, b = self.a, self.b\nself.a = a\nself.b[i], c = f()\nx = y = 0"),
    (root_imports, "from ganzoo import errors, utils\nfrom ganzoo.api import load\nimport ganzoo.errors as errors"),
    (root_imports, 'importlib.import_module("ganzoo.api")'),
]


@pytest.mark.parametrize("rule, source", [pytest.param(rule, text, id=text) for rule, text in BREACHES])
def test_breach_is_noticed(rule: Rule, source: str) -> None:
    assert len(list(rule(ast.parse(source)))) == 1


@pytest.mark.parametrize("rule, source", [pytest.param(rule, text, id=text) for rule, text in KEPT])
def test_rule_asks_for_no_more(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source))) == []
