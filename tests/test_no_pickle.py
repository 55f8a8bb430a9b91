"""Nothing is ever pickled or evaluated: no recipe, checkpoint or dataset can run code when it is read."""

from __future__ import annotations

import ast
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import ganzoo
import ganzoo_builtins
from ganzoo.runs import checkpoint
from ganzoo.runs.checkpoint import Checkpoint
from helpers.support import environment, tiny, toml, train

HOMES = [Path(package.__file__ or "").parent for package in (ganzoo, ganzoo_builtins)]
FILES = [path for home in HOMES for path in sorted(home.rglob("*.py"))]

MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "copyreg", "yaml"}
MODULES |= {"runpy", "code", "codeop", "zipimport", "imp", "pty", "ctypes", "cffi", "builtins", "subprocess"}
CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
ATTRIBUTES = {"torch.load", "torch.save", "torch.jit", "torch.package", "torch.hub", "torch.serialization"}
ATTRIBUTES |= {
    "torch.ops.load_library",
    "torch.classes.load_library",
    "torch.utils.cpp_extension",
    "torch.multiprocessing",
    "multiprocessing.reduction",
}
ATTRIBUTES |= {"os.system", "os.popen", "typing.get_type_hints", "operator.attrgetter", "numpy.ctypeslib"}
ATTRIBUTES |= {"importlib.import_module", "importlib.reload", "importlib.util.spec_from_file_location"}
ATTRIBUTES |= {"importlib.util.module_from_spec", "importlib.machinery.SourceFileLoader"}
METHODS = {"__reduce__", "__reduce_ex__", "__setstate__"}

ALLOWED = {
    ("ganzoo/__init__.py", "importlib.import_module"): "public names on first use, from a table of its own",
    ("ganzoo/__init__.py", "getattr"): "the same table",
    ("ganzoo/cli/__init__.py", "importlib.import_module"): "a verb that stands in VERBS",
    ("ganzoo/registry/zoo.py", "importlib.import_module"): "the target that an installed plugin registered",
    ("ganzoo/registry/zoo.py", "getattr"): "the same target",
    ("ganzoo/registry/entry_points.py", "importlib.import_module"): "the entry point of an installed package",
    ("ganzoo/registry/entry_points.py", "operator.attrgetter"): "the same entry point",
    ("ganzoo/registry/discovery.py", "getattr"): "a hook that our own code names",
    ("ganzoo/config/signature.py", "typing.get_type_hints"): "annotations in the source of an installed component",
    ("ganzoo/sharing/bounds.py", "importlib.import_module"): "the HTTP client that huggingface_hub itself uses",
    ("ganzoo/utils/isolation.py", "getattr"): "functions of PyTorch and of threads, by names of its own",
    ("ganzoo/utils/isolation.py", "setattr"): "the same functions",
    ("ganzoo/augmentation.py", "getattr"): "attributes of a discriminator, asked for by the code of a procedure",
    ("ganzoo/augmentation.py", "setattr"): "layers that the code of a procedure adds to a discriminator",
    ("ganzoo/runs/provenance.py", "subprocess"): "git, with arguments of its own and no shell",
    ("ganzoo/training/device.py", "ctypes"): "mallopt() of the C library that Python itself runs on",
    ("ganzoo/sweeps/jobs.py", "subprocess"): "this very command once more, without a shell",
    ("ganzoo/benchmark/compare.py", "subprocess"): "a script that was named on the command line to be run",
    (
        "ganzoo/testing/promises/plugin.py",
        "subprocess",
    ): "Python, told to import or train an installed plugin, without a shell",
    ("ganzoo/training/memory.py", "torch.multiprocessing"): "the identity of a storage; nothing is sent anywhere",
    ("ganzoo/config/instantiate.py", "getattr"): "names of a module's own attributes",
    ("ganzoo/regularizer.py", "getattr"): "the methods of a regularizer, from a tuple of its own",
    ("ganzoo/regularizer.py", "setattr"): "the methods of a regularizer, from a tuple of its own",
    ("ganzoo/two_players.py", "setattr"): "two methods of a procedure, from a tuple of its own",
    ("ganzoo/training/initial_weights.py", "getattr"): "settings of [run], from a tuple of its own",
    ("ganzoo/training/schedules.py", "setattr"): "settings that their component declares as schedulable",
    ("ganzoo/cli/data.py", "getattr"): "fields of Entry, from a tuple of its own",
    ("ganzoo/cli/show.py", "getattr"): "fields of Entry, from a tuple of its own",
    (
        "ganzoo/testing/datasets.py",
        "multiprocessing.reduction",
    ): "a dataset that was just built, copied as for a worker",
    ("ganzoo_builtins/datasets/image_decoder.py", "ctypes"): "a handler of the libtiff that Pillow itself loaded",
    ("ganzoo/utils/rng.py", "getattr"): "the overload with a generator of a function of PyTorch that is being called",
    (
        "ganzoo_builtins/extractors/efficientnet.py",
        "torch.load",
    ): "tensors alone, of a file whose SHA-256 is compared with one in the code",
    ("ganzoo_builtins/extractors/efficientnet.py", "weights_only"): "tensors alone: it is True",
    ("ganzoo_builtins/datasets/published.py", "getattr"): "settings that the class itself lists",
}
"""(file, what it does): why no recipe, checkpoint or dataset can choose what that reaches."""


def where(path: Path) -> str:
    return next(path.relative_to(home.parent) for home in HOMES if path.is_relative_to(home)).as_posix()


def offences(source: str) -> Iterator[str]:
    """Yield the calls and imports in a file that could run code from data."""
    tree = ast.parse(source)
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    known = {alias.asname: alias.name for alias in imports if alias.asname}
    for node in ast.walk(tree):
        yield from _found(node, known)


def _found(node: ast.AST, known: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            yield from _forbidden(*(alias.name for alias in names))
        case ast.ImportFrom(module=str(module), names=names):
            yield from _forbidden(*(f"{module}.{alias.name}" for alias in names))
            yield from ("numpy.load" for alias in names if f"{module}.{alias.name}" == "numpy.load")
        case ast.Attribute():
            yield from _forbidden(_full(node, known))
        case ast.FunctionDef(name=name) if name in METHODS:
            yield name
    match node:
        case ast.Call(func=ast.Name(id=called)) if called in CALLS:
            yield called
        case ast.Call(func=ast.Name(id="getattr" | "setattr" | "delattr" as called), args=[_, name, *_]):
            if not isinstance(name, ast.Constant):
                yield called
        case ast.Call(func=ast.Attribute() as called, keywords=keywords) if _full(called, known) == "numpy.load":
            if "allow_pickle" not in [keyword.arg for keyword in keywords]:
                yield "numpy.load"
        case ast.keyword(arg="allow_pickle", value=value) if not (isinstance(value, ast.Constant) and not value.value):
            yield "allow_pickle"
        case ast.keyword(arg="weights_only" | "shell" as name):
            yield name


def _full(node: ast.Attribute, known: dict[str, str]) -> str:
    """np.load as numpy.load where numpy was imported as np."""
    root, dot, rest = ast.unparse(node).partition(".")
    return known.get(root, {"np": "numpy"}.get(root, root)) + dot + rest


def _forbidden(*names: str) -> Iterator[str]:
    for name in names:
        if (top := name.partition(".")[0]) in MODULES:
            yield top
        else:
            yield from (one for one in ATTRIBUTES if name == one or name.startswith(f"{one}."))


@pytest.mark.parametrize("path", FILES, ids=where)
def test_no_file_of_ours_runs_what_it_reads(path: Path) -> None:
    name = where(path)
    assert {what for what in offences(path.read_text()) if (name, what) not in ALLOWED} == set()


def test_what_is_allowed_is_needed() -> None:
    assert {(where(path), what) for path in FILES for what in offences(path.read_text())} == {*ALLOWED}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "import dill as d",
        "import numpy, joblib",
        "from pickle import loads",
        "import torch\ntorch.load('x', weights_only=True)",
        "import torch as t\nt.load('x')",
        "from torch import save",
        "import torch\nread = torch.load",
        "import torch\ntorch.jit.load('x')",
        "from torch.utils.cpp_extension import load",
        "import numpy as np\nnp.load('x')",
        "import numpy as n\nn.load('x')",
        "from numpy import load",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import numpy as np\nnp.load('x', allow_pickle=wanted)",
        "import yaml\nyaml.load(text)",
        "import ctypes",
        "import subprocess\nsubprocess.run(command)",
        "run(command, shell=True)",
        "import os\nos.system(command)",
        "import os as o\no.popen(command)",
        "eval('1')",
        "exec('1')",
        "import importlib\nimportlib.import_module(name)",
        "from importlib import import_module",
        "import importlib.util\nimportlib.util.spec_from_file_location(name, path)",
        "__import__('os')",
        "import builtins\nbuiltins.eval('1')",
        "getattr(module, text)",
        "setattr(module, text, 1)",
        "getattr(module, f'{text}')",
        "class A:\n    def __reduce__(self): ...",
        "import operator\noperator.attrgetter(text)(module)",
    ],
)
def test_the_test_would_notice(source: str) -> None:
    assert list(offences(source))


@pytest.mark.parametrize(
    "source",
    [
        "import json\njson.loads(text)",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "model.eval()\nmodel.compile()",
        "import re\nre.compile('x')",
        "getattr(module, 'name', None)",
    ],
)
def test_what_is_harmless_passes(source: str) -> None:
    assert not list(offences(source))


LISTEN = """
import json, sys
from pathlib import Path
HOMES, recipes, checkpoints, seen, dynamic = tuple(json.loads(sys.argv[1])), *json.loads(sys.argv[2]), [], set()

def heard(event, arguments):
    if event in ("pickle.find_class", "os.system", "ctypes.dlopen", "subprocess.Popen", "marshal.loads") and begun:
        if event != "marshal.loads" or sys._getframe(1).f_code.co_filename.startswith(HOMES):
            seen.append(f"{event} {arguments!r}"[:200])
    elif event in ("exec", "compile") and sys._getframe(1).f_code.co_filename.startswith(HOMES):
        seen.append(f"{event} in {sys._getframe(1).f_code.co_filename}")
    elif event == "exec":  # of a module's code, as every import ends
        frame = sys._getframe(1)
        while frame and "importlib" in frame.f_code.co_filename:
            if frame.f_code.co_name == "import_module" and frame.f_back.f_code.co_filename.startswith(HOMES):
                dynamic.add(frame.f_locals["name"])
            frame = frame.f_back

begun = False
import torch, accelerate, pydantic, PIL.Image  # these load libraries of their own
torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
from ganzoo.training import device
device.keep_freed_memory()  # once in a process
begun = True
sys.addaudithook(heard)
import ganzoo
from ganzoo.config import defaults, locate, parser, resolver
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.runs import checkpoint
from ganzoo.training import dry_run
plugins, said, built = discovery.load(), [], set()
for recipe in [file.path for file in locate.recipes(plugins)] + [Path(path) for path in recipes]:
    try:
        tree = parser.parse(recipe.read_bytes(), recipe.suffix, "x")
        defaults.fill(tree, plugins.zoo)
        resolved = resolver.read(recipe, (), plugins.zoo)[0]
        networks = str([tree.get(player, {}).get("use") for player in ("procedure", "generator", "discriminator")])
        if networks not in built or str(recipe) in recipes:
            dry_run.inspect(resolved, plugins.zoo)
        built.add(networks)
    except GanzooError as error:
        said.append(error.message)
for folder in checkpoints:
    try:
        checkpoint.read(Path(folder))
    except GanzooError as error:
        said.append(error.message)
targets = {str(named).partition(":")[0] for entry in plugins.zoo for named in (entry.target, entry.upgrade)}
targets |= {row.module for row in plugins.rows}
targets |= {*ganzoo._HOMES}  # public names on first use
print(json.dumps({"seen": seen, "dynamic": sorted(dynamic - targets), "imported": len(dynamic), "said": said}))
"""


class Bomb:
    """An object that ends the process when its pickle is read."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return exec, ("raise SystemExit('a pickle was read')",)


def test_checking_recipes_and_reading_checkpoints_runs_nothing_of_theirs(tmp_path: Path) -> None:
    """Python's own audit events, while every recipe of the library and some hostile files are read."""
    bomb = pickle.dumps(Bomb())
    np.savez(tmp_path / "bomb.npz", images=np.array([Bomb()], dtype=object))
    recipes = {
        "import": toml().replace('"non_saturating"', '"os.system"'),
        "pickled": toml().replace('use = "ring"\nn = 200', f'use = "npz"\npath = "{tmp_path}/bomb.npz"'),
    }
    for name, text in recipes.items():
        (tmp_path / f"{name}.toml").write_text(text)
    good = train(tiny(), tmp_path / "runs").latest
    hostile = checkpoint.write(tmp_path / "hostile", 1, Checkpoint({}, {"state": {}}), keep=2)
    (hostile / "model.safetensors").write_bytes(bomb)
    manifest = json.loads((hostile / "manifest.json").read_text())
    manifest["files"]["model.safetensors"] = checkpoint._describe(bomb)
    (hostile / "manifest.json").write_text(json.dumps(manifest))

    files = [str(tmp_path / f"{name}.toml") for name in recipes], [str(good), str(hostile)]
    homes = [str(home) for home in HOMES]
    command = [sys.executable, "-c", LISTEN, json.dumps(homes), json.dumps(files)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["seen"] == []
    assert report["dynamic"] == []
    assert report["imported"] > 5, "the listener hears imports"
    said = "\n".join(report["said"])
    assert "no loss named 'os.system'" in said
    assert "bomb.npz" in said and "model.safetensors: not a safetensors file" in said
    assert "a pickle was read" not in done.stdout + done.stderr
