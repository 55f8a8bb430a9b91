"""`ganzoo check` accepts any recipe or refuses it within a second with a readable message, without side effects.

benchmarks/fuzz_recipes.py runs thousands of the cases that are tried here by the hundred.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from helpers import fuzzing
from helpers.support import environment

GROWTH = 300 * 2**10  # KiB beyond what checking the library's own recipes takes
MEBIBYTES = 300  # of all commands so far beyond `import torch`; nearly all of it is importing
TIMES = 7  # processor time of a command, in that of `import torch`; the first one imports the rest: about 1.5
WATCH = fuzzing.Watch()
RING = Path(__file__).parents[2] / "recipes/gman_ring.toml"
EXAMPLES = settings(
    deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder without data, where every component is imported."""
    folder, before = tmp_path_factory.mktemp("fuzz"), Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANZOO_DATA", str(folder / "data"))
        os.chdir(folder)
        fuzzing.warm_up(folder)
        yield folder
        os.chdir(before)


@pytest.mark.filterwarnings("ignore::ganzoo.registry.versions.Deprecated")
@settings(EXAMPLES, max_examples=150)
@given(fuzzing.CASES)
def test_a_spoilt_recipe_is_good_or_refused(place: Path, case: fuzzing.Case) -> None:
    before = peak()
    fuzzing.outcome(case, place, WATCH)
    assert peak() - before < GROWTH


@pytest.mark.parametrize("tree", fuzzing.BASES, ids=lambda tree: f"{tree['generator']['use']}-{tree['dataset']['use']}")
def test_the_recipes_are_good_before_they_are_spoilt(place: Path, tree: dict) -> None:
    for case in (fuzzing.Case(fuzzing.as_json(tree), ".json"), fuzzing.Case(fuzzing.as_toml(tree), ".toml")):
        assert fuzzing.outcome(case, place, WATCH) == "good"


def test_what_a_recipe_must_not_do_would_be_noticed(tmp_path: Path) -> None:
    with WATCH() as seen:
        (tmp_path / "written").write_text("x")
        (tmp_path / "folder").mkdir()
        with pytest.raises(ImportError):
            __import__("ganzoo_nowhere")
        subprocess.run(["true"], check=True)
    assert {"open", "os.mkdir", "import", "subprocess.Popen"} <= {entry.split()[0] for entry in seen}


def hundred_megabytes() -> bytes:
    return b"# x\n" * (25 * 2**20)


def deep_json() -> bytes:
    return b'{"run": ' * 10_000 + b"1" + b"}" * 10_000


def deep_toml() -> bytes:
    return b"run = " + b"[" * 10_000 + b"]" * 10_000


def deep_key() -> bytes:
    return b"a." * 10_000 + b"a = 1"


def changed(table: str, **more: object) -> bytes:
    tree = fuzzing.copy.deepcopy(next(tree for tree in fuzzing.BASES if tree["dataset"]["use"] == "glyphs"))
    tree[table] = {**tree.get(table, {}), **more}
    return fuzzing.as_json(tree)


HOSTILE = {
    "a file of 100 MB": (".toml", hundred_megabytes, "a recipe is a page of text, 256 KiB at most"),
    "deep JSON": (".json", deep_json, "maximum recursion depth exceeded"),
    "deep TOML": (".toml", deep_toml, "maximum recursion depth exceeded"),
    "a deep key": (".toml", deep_key, "a key of more than 16 parts"),
    "a billion letters": (".json", lambda: changed("dataset", n=10**9), "should be less than or equal to 100000000"),
    "a billion pixels": (".json", lambda: changed("dataset", size=10**9), "should be less than or equal to 256"),
    "a billion units": (
        ".json",
        lambda: changed("discriminator", hidden=10**9),
        "this recipe needs at least ",
    ),
    "a billion discriminators": (
        ".toml",
        lambda: RING.read_bytes().replace(b"discriminators = 5", b"discriminators = 1_000_000_000"),
        "the networks are too large",
    ),
    "a billion samples": (
        ".json",
        lambda: changed("evaluate", samples=10**9),
        "should be less than or equal to 1000000",
    ),
    "an import path": (".json", lambda: changed("loss", use="os.system"), "no loss named 'os.system'"),
    "dunder keys": (
        ".json",
        lambda: changed("loss", __class__="os", __reduce__=["os.system", "id"]),
        "has no setting '__class__'",
    ),
}


MEASURE = """
import contextlib, io, json, resource, sys

def used():
    now = resource.getrusage(resource.RUSAGE_SELF)
    return now.ru_maxrss / 2**10, now.ru_utime + now.ru_stime

def report(before, **more):
    mebibytes, seconds = used()
    print(json.dumps({"mebibytes": mebibytes, "seconds": seconds - before, **more}), flush=True)

import torch
report(0)
from ganzoo.cli import cli
for path in sys.argv[1:]:
    before, stderr = used()[1], io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr):
            cli(["check", path], prog_name="ganzoo")
    except SystemExit as end:
        report(before, exit_code=end.code, stderr=stderr.getvalue())
"""


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """Measure in one process: `import torch` under "", then `ganzoo check` of each hostile file in turn."""
    folder = tmp_path_factory.mktemp("hostile")
    files = {name: folder / f"{name}{suffix}" for name, (suffix, _, _) in HOSTILE.items()}
    for name, file in files.items():
        file.write_bytes(HOSTILE[name][1]())
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *map(str, files.values())],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    return dict(zip(["", *files], map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "says"), [(name, says) for name, (_, _, says) in HOSTILE.items()], ids=HOSTILE)
def test_a_hostile_file_is_refused_at_once(name: str, says: str, refused: dict[str, dict]) -> None:
    torch, check = refused[""], refused[name]
    assert check["exit_code"] == 2, check
    assert says in check["stderr"]
    assert "Traceback" not in check["stderr"] and len(check["stderr"]) < 4000
    assert check["seconds"] < TIMES * torch["seconds"]
    assert check["mebibytes"] - torch["mebibytes"] < MEBIBYTES


def peak() -> int:
    """Peak memory of this process so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
