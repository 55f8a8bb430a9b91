"""Invalid and malicious recipes: strategies that generate them, and the allowed outcomes.

tests/recipes/test_fuzz.py tries a few hundred, benchmarks/fuzz_recipes.py thousands.
"""

from __future__ import annotations

import copy
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ganzoo.config import locate, parser, resolver
from ganzoo.config.overrides import assignments_of
from ganzoo.config.recipe import RunSettings
from ganzoo.config.signature import describe
from ganzoo.errors import MESSAGE_LINES, MESSAGE_WIDTH, GanzooError
from ganzoo.training import dry_run
from helpers.support import PLUGINS

SECONDS = 5.0  # of processor time for one recipe, on busy cores; sound ones take less than 1
EXIT_CODES = (2, 3, 6)  # errors of the recipe, the data or the environment
ALARMING = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
ALARMING |= {"os.system", "os.exec", "os.fork", "os.posix_spawn", "subprocess.Popen", "ctypes.dlopen"}
ALARMING |= {"socket.connect", "socket.getaddrinfo", "urllib.Request", "pickle.find_class", "import"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

HUGE = [10**9, 10**12, 10**18, 2**63 - 1, 2**63, 10**30, -(10**9), -(2**63), -(10**30)]
NUMBERS = st.sampled_from([0, 1, -1, 2, 3, 7, 64, 100_000, *HUGE]) | st.sampled_from(
    [0.0, -0.0, 0.5, 1.0, -1.0, 1e-300, 1e308, -1e308, float("nan"), float("inf"), float("-inf")]
)
ODD = ["", " ", "/", "use", "ganzoo/", "__class__", "__init__", "os:system", "builtins.eval", "os.system('id')"]
ODD += ["../../x", "/nowhere/x", "http://example.org/gan.py", "file:///etc/passwd", "$HOME", "~nobody-at-all"]
ODD += ["{0.__class__}", "%s%n", "\0", "\x1b[2J\x1b]0;owned\x07", "\r\n", "\u202egnp", "\ufeff", "\U0001f600"]
ODD += ["é" * 300, "x" * 100_000]
STRINGS = st.sampled_from(ODD) | st.text(max_size=20)
SCALARS = NUMBERS | STRINGS | st.booleans() | st.sampled_from([None, date(2020, 1, 1), datetime(2020, 1, 1)])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS | st.just("use"), inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Case:
    """A recipe file and its overrides."""

    content: bytes
    suffix: str
    overrides: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Case({self.content[:2000]!r}, {self.suffix!r}, {[text[:200] for text in self.overrides]!r})"


def bases() -> list[parser.Tree]:
    """Return every recipe of the library, with a small batch size that fits any dataset."""
    trees = []
    for recipe in locate.recipes(PLUGINS):
        tree = parser.parse(recipe.path.read_bytes(), recipe.path.suffix, recipe.name)
        tree["run"]["batch_size"] = 4
        trees.append(tree)
    return trees


BASES = bases()
TABLES = [*resolver.TABLES, *resolver.PARTS]
NAMES = {kind: [entry.name for entry in PLUGINS.zoo.entries(kind)] for kind in TABLES if PLUGINS.zoo.entries(kind)}


def nest(depth: int, as_list: bool) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if as_list else {"a": value}
    return value


@st.composite
def trees(draw: Callable[..., Any]) -> parser.Tree:
    """Generate a valid recipe after one to three changes."""
    tree = copy.deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(1, 3))):
        draw(st.sampled_from(CHANGES))(draw, tree)
    return tree


def _table(draw: Callable[..., Any], tree: parser.Tree) -> dict[str, Any]:
    """Choose one of its tables, also from lists of tables."""
    inside = [table for table in tree.values() if isinstance(table, dict)]
    inside += [one for table in tree.values() if isinstance(table, list) for one in table if isinstance(one, dict)]
    return draw(st.sampled_from(inside)) if inside else tree


def _drop(draw: Callable[..., Any], tree: parser.Tree) -> None:
    table = draw(st.sampled_from([tree, _table(draw, tree)]))
    if table:
        del table[draw(st.sampled_from([*table]))]


def _rename(draw: Callable[..., Any], tree: parser.Tree) -> None:
    table = draw(st.sampled_from([tree, _table(draw, tree)]))
    if table:
        table[draw(STRINGS | st.sampled_from(TABLES))] = table.pop(draw(st.sampled_from([*table])))


def _set(draw: Callable[..., Any], tree: parser.Tree) -> None:
    table = _table(draw, tree)
    table[draw(st.sampled_from([*table] or ["use"]) | STRINGS)] = draw(VALUES)


def _scale(draw: Callable[..., Any], tree: parser.Tree) -> None:
    """Replace a number: most results are valid until something is built."""
    numbers = [
        (table, key)
        for table in tree.values()
        if isinstance(table, dict)
        for key, value in table.items()
        if isinstance(value, (int, float))
    ]
    if numbers:
        table, key = draw(st.sampled_from(numbers))
        table[key] = draw(NUMBERS)


def _exchange(draw: Callable[..., Any], tree: parser.Tree) -> None:
    """Replace a component, with the settings of the table or without."""
    kind = draw(st.sampled_from([*NAMES]))
    old = tree.get(kind) if draw(st.booleans()) else {}
    new = {**(old if isinstance(old, dict) else {}), "use": draw(st.sampled_from(NAMES[kind]))}
    for name, setting in known(kind, new["use"]).items():
        if setting.default is setting.empty:
            new.setdefault(name, draw(STRINGS))
    tree[kind] = [new, dict(new)] if kind == "regularizer" else new


def known(kind: str, use: str) -> dict[str, Any]:
    """Return the settings of a component."""
    return describe(PLUGINS.zoo.find(kind, use)).settings


def _give(draw: Callable[..., Any], tree: parser.Tree) -> None:
    """Set one of the settings that a component has, to a value of the right type or of another."""
    kind = draw(st.sampled_from([kind for kind in NAMES if isinstance(tree.get(kind), dict)] or ["dataset"]))
    table = tree.get(kind)
    if isinstance(table, dict) and table.get("use") in NAMES[kind] and (settings := known(kind, table["use"])):
        table[draw(st.sampled_from([*settings]))] = draw(VALUES)


def _run(draw: Callable[..., Any], tree: parser.Tree) -> None:
    if isinstance(tree.get("run"), dict):
        tree["run"][draw(st.sampled_from([*RunSettings.model_fields]))] = draw(VALUES)


def _replace(draw: Callable[..., Any], tree: parser.Tree) -> None:
    tree[draw(st.sampled_from(TABLES) | STRINGS)] = draw(VALUES)


def _deepen(draw: Callable[..., Any], tree: parser.Tree) -> None:
    depth = draw(st.sampled_from([2, 15, 16, 17, 100, 300]))
    _table(draw, tree)[draw(st.sampled_from(["use", "hidden", "x"]))] = nest(depth, draw(st.booleans()))


def _widen(draw: Callable[..., Any], tree: parser.Tree) -> None:
    n = draw(st.sampled_from([2, 100, 999, 1001, 20_000]))
    what = draw(st.sampled_from(["keys", "tables", "numbers", "parts", "players"]))
    if what == "numbers":
        _table(draw, tree)["hidden"] = [1] * n
    elif what == "parts":
        tree["regularizer"] = [{"use": "weight_clipping"} for _ in range(n)]  # n of one table would all grow at once
    elif what == "players" and isinstance(tree.get("optimizer"), dict):
        tree["optimizer"] |= {f"p{i}": {"lr": 0.1} for i in range(n)}
    else:
        (tree if what == "tables" else _table(draw, tree)).update({f"k{i}": {} for i in range(n)})


SUBTLE = [_scale, _exchange, _give, _run]  # after these a recipe is often valid until something is built
CHANGES = [*SUBTLE * 2, _drop, _rename, _set, _replace, _deepen, _widen]


def as_json(tree: parser.Tree) -> bytes:
    return json.dumps(tree, default=str).encode()


def as_toml(tree: parser.Tree) -> bytes:
    """Return TOML with each table on one line, as an inline table; it has no null, in whose place a text stands."""
    flat = {f"{json.dumps(key)}.x": {"x": _without_null(value)} for key, value in tree.items()}
    lines = [line.replace(".x=", " = ", 1) for line in assignments_of({key: flat[key]["x"] for key in flat})]
    return "\n".join(lines).encode(errors="surrogatepass")


def _without_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_null(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_null(inner) for inner in value]
    return "null" if value is None else value


@st.composite
def raw(draw: Callable[..., Any]) -> Case:
    """Generate the bytes of a recipe, valid or not, after up to three random changes of bytes."""
    suffix = draw(st.sampled_from([".toml", ".json"]))
    tree = draw(trees()) if draw(st.booleans()) else draw(st.sampled_from(BASES))
    text = as_json(tree) if suffix == ".json" else as_toml(tree)
    for _ in range(draw(st.integers(0, 3))):
        at, length = draw(st.integers(0, len(text))), draw(st.sampled_from([0, 1, 5, 100]))
        piece = text[at : at + length]
        known = [b"", piece * 2, b"[" * 10_000, b'{"a":' * 10_000, b"a." * 10_000, b'"']
        inserted = draw(st.binary(max_size=6) | st.sampled_from(known))
        text = text[:at] + inserted + text[at + length :]
    if draw(st.integers(0, 9)) == 0:
        text = text.decode(errors="replace").encode(
            draw(st.sampled_from(["utf-8-sig", "utf-16", "utf-32", "cp037"])), "replace"
        )
    return Case(text, suffix)


OVERRIDES = st.one_of(
    st.text(max_size=30),
    st.builds(
        "{}.{}={}".format,
        st.sampled_from(TABLES) | STRINGS,
        st.sampled_from(["use", "steps", "batch_size", "n", "size", "hidden", "hidden.0", "0.use", "generator.lr", "²"])
        | STRINGS,
        VALUES | st.sampled_from(["adam", "glyphs", "folder", "[1", "{a=1}", "1\nx=2", "[" * 1000, "0x" + "f" * 9000]),
    ),
)
CASES = st.one_of(
    st.builds(Case, trees().map(as_json), st.just(".json")),
    st.builds(Case, trees().map(as_toml), st.just(".toml")),
    raw(),
    st.builds(
        Case,
        st.sampled_from(BASES).map(as_json),
        st.just(".json"),
        st.lists(OVERRIDES, min_size=1, max_size=3).map(tuple),
    ),
)


class Watch:
    """A recorder of suspicious audit events: files written, modules imported, processes, connections."""

    def __init__(self) -> None:
        self.looking = False
        self.seen = list[str]()
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.looking:
            return
        if event in ALARMING or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            self.seen.append(f"{event} {arguments!r}"[:200])

    @contextmanager
    def __call__(self) -> Iterator[list[str]]:
        self.looking = True
        self.seen = []
        try:
            yield self.seen
        finally:
            self.looking = False


def outcome(case: Case, folder: Path, watch: Watch) -> str:
    """Return the outcome of `ganzoo check`: "good", or the message.

    Raises:
        AssertionError: It did something that is not allowed.
    """
    file = folder / f"recipe{case.suffix}"
    file.write_bytes(case.content)
    modules, message, start = set(sys.modules), "good", time.process_time()
    with watch() as seen:
        try:
            recipe, remarks = resolver.read(file, case.overrides, PLUGINS.zoo)
            json.dumps([dry_run.inspect(recipe, PLUGINS.zoo), remarks])
        except GanzooError as error:
            message = error.message
            assert error.exit_code in EXIT_CODES, (error.exit_code, message)
    seconds = time.process_time() - start
    assert not seen, seen
    assert set(sys.modules) == modules, set(sys.modules) - modules
    assert seconds < SECONDS, f"{seconds:.1f} s: {message}"
    lines = message.split("\n")
    assert message.strip() and len(lines) <= MESSAGE_LINES + 1, message
    assert all(len(line) <= 10 * MESSAGE_WIDTH and line.isprintable() for line in lines), message
    return message


def warm_up(folder: Path) -> None:
    """Import the dependencies of all components, and the modules that torch imports on first use."""
    for entry in PLUGINS.zoo:
        entry.load()
    for tree in BASES:
        file = folder / "recipe.json"
        file.write_bytes(as_json(tree))
        dry_run.inspect(resolver.read(file, (), PLUGINS.zoo)[0], PLUGINS.zoo)
