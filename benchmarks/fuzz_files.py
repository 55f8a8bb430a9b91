"""Fuzz test: damage the JSON files of runs, checkpoints and exports, and check that each reader is content or says why.

    python benchmarks/fuzz_files.py [-n 10000] [--commands 100] [--seed 0]

A tiny run is trained and exported. Each case changes one of its files: values, names and nesting of the JSON, or bytes
of the text; digests in manifests are made to match, so that the content is looked at. Then it is read as the commands
read it; some cases go through the commands themselves. A case is wrong if it ends in another error than a GanzooError,
takes ten seconds, or more than 1 GiB of memory. Prints the outcomes by file, the slowest case and the memory growth;
exits with 1 if a case is wrong, and prints that.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

import ganzoo
from ganzoo.cli import cli
from ganzoo.diagnosis import diagnose
from ganzoo.errors import GanzooError
from ganzoo.registry import discovery
from ganzoo.runs import checkpoint, status
from ganzoo.sampling.run import Run
from ganzoo.sharing.export import export
from ganzoo.sharing.load import load

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from helpers.support import toml

SECONDS, MEMORY = 10.0, 2**20  # of one case; KiB of all
PLUGINS = discovery.load()
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    2**31,
    2**63,
    10**30,
    0.5,
    -0.0,
    1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "x",
]
ODD += [
    "\0",
    "\x1b[2J",
    "../../x",
    "/etc/passwd",
    "ganzoo/",
    "os:system",
    "{0.__class__}",
    "\ud800",
    "é" * 300,
    "x" * 10**5,
]
ODD += [[], {}, [[]], [None], {"": None}, {"use": "x"}, {"__class__": "os"}, "2026-01-01", [1] * 1000]


def changed(tree: Any, choose: random.Random) -> Any:
    """Return a tree of JSON with one to three odd values, missing or doubled entries, or deep nesting."""
    tree = copy.deepcopy(tree)
    for _ in range(choose.randrange(1, 4)):
        places = [*_places(tree)]
        if not places or choose.random() < 0.05:
            return choose.choice(ODD)
        holder, key = choose.choice(places)
        way = choose.random()
        if way < 0.2:
            del holder[key]
        elif way < 0.3 and isinstance(holder, dict):
            holder[choose.choice(["x", "", "use", "__class__", str(key) + "s"])] = holder.pop(key)
        elif way < 0.35:
            holder[key] = _nested(holder[key], choose.choice([3, 50]))
        elif way < 0.5:
            holder[key] = copy.deepcopy(choose.choice(places)[0])
        else:
            holder[key] = copy.deepcopy(choose.choice(ODD))
    return tree


def _places(tree: Any) -> list[tuple[Any, Any]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [place for key, value in items for place in ((tree, key), *_places(value))]


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


def damaged(content: bytes, choose: random.Random) -> bytes:
    """Return a text of JSON, or of a JSON on each line, that is changed as a tree or byte by byte."""
    way = choose.random()
    if way < 0.7:
        lines = content.splitlines() if content.count(b"\n{") else [content]
        at = choose.randrange(len(lines))
        lines[at] = json.dumps(changed(json.loads(lines[at]), choose)).encode()
        return b"\n".join(lines)
    if way < 0.75:
        return content[: choose.randrange(len(content))]
    if way < 0.8:
        return choose.choice(
            [b"", b"\xff\xfe" + content.decode().encode("utf-16-le"), b"\xef\xbb\xbf" + content, b"null"]
        )
    if way < 0.83:
        return b"[" * choose.choice([500, 100_000])
    block = bytearray(content)
    for _ in range(choose.randrange(1, 6)):
        block[choose.randrange(len(block))] = choose.choice(b'\0\x1b"{}[],:0-\xff' + choose.randbytes(4))
    return bytes(block)


def read_run(folder: Path) -> None:
    """Read a run as the commands do that show it or go on with it."""
    run = Run(folder)
    status.report(folder)
    status.owner(folder)
    [*run.metrics()]
    diagnose(run)
    _ = run.provenance
    run.recipe(PLUGINS.zoo)


def read_checkpoint(folder: Path) -> None:
    opened, chosen = Run.find(folder)
    checkpoint.read(chosen)
    opened.load(chosen, PLUGINS)


FILES: dict[str, Callable[[Path], object]] = {
    **{f"run/{name}": read_run for name in ("status.json", "metrics.jsonl", "resolved.json", "provenance.json")},
    **{f"run/checkpoints/step-00000003/{name}": read_checkpoint for name in ("manifest.json", "state.json")},
    **{f"export/{name}": lambda folder: load(folder, PLUGINS) for name in ("manifest.json", "config.json")},
}
COMMANDS = {
    "run": (["runs", "."], ["watch", "run", "--once"], ["sample", "run", "-n", "1"], ["report", "run", "--no-samples"]),
    "export": (["sample", "export", "-n", "1", "--out", "samples.npz", "--force"],),
}


def remade_manifest(path: Path) -> None:
    """Write the digest of a file into the manifest beside it, which otherwise refuses the file unread."""
    manifest = path.with_name("manifest.json")
    if path == manifest or not manifest.exists():
        return
    content, data = json.loads(manifest.read_bytes()), path.read_bytes()
    content["files"][path.name] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest.write_text(json.dumps(content))


def through_commands(kind: str) -> str:
    """Run the commands on a damaged folder; return what was wrong, or ""."""
    for command in COMMANDS[kind]:
        result = CliRunner().invoke(cli, command)
        if result.exception and not isinstance(result.exception, SystemExit):
            return "".join(traceback.format_exception(result.exception))
    return ""


@click.command()
@click.option("-n", default=10_000, show_default=True, help="Number of cases.")
@click.option("--commands", default=100, show_default=True, help="Cases that go through the commands, too.")
@click.option("--seed", default=0, show_default=True)
def main(n: int, commands: int, seed: int) -> None:
    folder = Path(tempfile.mkdtemp())
    os.chdir(folder)
    Path("tiny.toml").write_text(toml())
    run = ganzoo.train("tiny.toml", {"run.steps": 3, "run.save": 3, "run.log": 1}, out="runs", plugins=PLUGINS)
    shutil.move(run.folder, "run")
    export(Run(Path("run")), Path("export"))
    whole = {name: Path(name).read_bytes() for name in FILES}
    manifests = {path: path.read_bytes() for path in folder.rglob("manifest.json")}
    choose, outcomes, slowest, wrong = random.Random(seed), Counter[str](), 0.0, 0
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    for i in range(n):
        name = choose.choice([*FILES])
        path = folder / name
        path.write_bytes(damaged(whole[name], choose))
        error, start = "", time.process_time()
        try:
            remade_manifest(path)
            FILES[name](path.parent if "checkpoints" in name else folder / name.split("/")[0])
            outcome = "read"
        except GanzooError:
            outcome = "refused"
        except Exception:
            outcome, error = "wrong", traceback.format_exc()
        if i % max(1, n // commands) == 0 and not error:
            error = through_commands(name.split("/")[0])
        seconds = time.process_time() - start
        slowest = max(slowest, seconds)
        if error or seconds > SECONDS:
            wrong, outcome = wrong + 1, "wrong"
            print(f"--- {i}: {name}, {seconds:.1f} s: {path.read_bytes()[:300]!r}\n{error[-1500:]}", flush=True)
        outcomes[f"{name}: {outcome}"] += 1
        path.write_bytes(whole[name])
        for manifest, content in manifests.items():
            manifest.write_bytes(content)
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    for name, count in sorted(outcomes.items()):
        print(f"{count:6,} {name}")
    print(
        f"{n:,} cases, seed {seed}: {wrong} wrong, slowest {slowest:.2f} s, {time.process_time() - began:.0f} s of "
        f"processor time, memory grew by {growth / 2**10:.0f} MiB"
    )
    shutil.rmtree(folder)
    sys.exit(1 if wrong or growth > MEMORY else 0)


if __name__ == "__main__":
    main()
