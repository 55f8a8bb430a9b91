"""Nothing is ever pickled or evaluated: no file of ours can run code when it is read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ganzoo
import ganzoo_builtins

HOMES = [Path(package.__file__ or "").parent for package in (ganzoo, ganzoo_builtins)]
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "runpy"}
CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {"torch.load", "torch.save", "torch.jit.load", "torch.package", "torch.hub", "os.system", "os.popen"}
IMPORTERS = {
    "ganzoo/__init__.py",  # public names on first use
    "ganzoo/registry.py",  # the target of a registered component
    "ganzoo/installed.py",  # the module of an entry point
    "ganzoo/cli/__init__.py",  # the verb that was typed
}
FILES = [path for home in HOMES for path in sorted(home.rglob("*.py"))]


def where(path: Path) -> str:
    return next(path.relative_to(home.parent) for home in HOMES if path.is_relative_to(home)).as_posix()


def offences(source: str, name: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        yield from (f"{name}:{getattr(node, 'lineno', 0)} {found}" for found in _found(node, name))


def _found(node: ast.AST, name: str) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names if alias.name.split(".")[0] in MODULES)
        case ast.ImportFrom(module=str(module), names=names):
            full = [f"{module}.{alias.name}" for alias in names]
            yield from (one for one in full if one.split(".")[0] in MODULES or one in ATTRIBUTES)
            if "importlib.import_module" in full:
                yield "importlib.import_module under another name"
        case ast.Call(func=ast.Name(id=called)) if called in CALLS:
            yield called
        case ast.Attribute() if ast.unparse(node) in ATTRIBUTES:
            yield ast.unparse(node)
        case ast.Attribute(attr="import_module") if name not in IMPORTERS:
            yield "import_module"
        case ast.keyword(arg="allow_pickle", value=value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "allow_pickle"
        case ast.keyword(arg="weights_only" | "shell"):
            yield str(node.arg)


@pytest.mark.parametrize("path", FILES, ids=where)
def test_no_file_of_ours_reads_or_writes_code(path: Path) -> None:
    assert list(offences(path.read_text(), where(path))) == []


def test_all_of_our_files_are_looked_at() -> None:
    assert {"ganzoo/checkpoint.py", "ganzoo_builtins/datasets/npz.py"} | IMPORTERS <= {where(path) for path in FILES}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import dill as d",
        "import numpy, joblib",
        "from pickle import loads",
        "import torch\ntorch.load('x', weights_only=True)",
        "from torch import save",
        "import torch\nread = torch.load",
        "import torch\ntorch.jit.load('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import numpy as np\nnp.load('x', allow_pickle=wanted)",
        "eval('1')",
        "exec('1')",
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module",
        "__import__('os')",
    ],
)
def test_the_test_would_notice(source: str) -> None:
    assert list(offences(source, "ganzoo/some.py"))


def test_what_is_harmless_passes() -> None:
    source = "import json\nnp.load(path, allow_pickle=False)\nmodel.eval()\nre.compile('x')\nmodel.compile()"
    assert not list(offences(source, "ganzoo/some.py"))
