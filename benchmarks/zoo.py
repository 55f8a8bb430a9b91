"""Trains recipes of the zoo, judges what they draw, and writes the table of docs/zoo/results.md.

    python benchmarks/zoo.py list
    python benchmarks/zoo.py run ROW ... [--out runs/zoo]
    python benchmarks/zoo.py judge RUN ROW
    python benchmarks/zoo.py table

A row is a [[row]] of benchmarks/zoo/<gan>.toml: the system, the page, the recipe and what is changed of it, the judge
(benchmarks/judges/<judge>.py, whose judge(run) says the figure in words) and the published figure. `run` writes what
it saw to benchmarks/zoo/results/<row>.json and the last pictures to docs/images/zoo/<row>*.png; `judge` does so for a
run that is there already. The table has the rows that were seen, and names those that were not.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

import ganzoo
import marks

HERE = Path(__file__).resolve().parent
ROWS, RESULTS = HERE / "zoo", HERE / "zoo" / "results"
INDEX, PICTURES = HERE.parent / "docs" / "zoo" / "results.md", HERE.parent / "docs" / "images" / "zoo"
WIDE = 500  # pixels of a page that a picture may take
BEGIN = marks.begin("written by benchmarks/zoo.py")


@dataclass(frozen=True)
class Row:
    """One line of the table. `changes` are what stands behind the recipe on the command line."""

    system: str
    page: str
    recipe: str
    judge: str
    changes: tuple[str, ...] = ()
    published: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        return self.name or self.recipe

    @property
    def seen(self) -> dict[str, Any] | None:
        """What `run` wrote, or None."""
        path = RESULTS / f"{self.key}.json"
        return json.loads(path.read_text()) if path.exists() else None


def rows() -> list[Row]:
    """Every row, in order of file and place. Errors: ValueError for two of one name."""
    tables = [row for path in sorted(ROWS.glob("*.toml")) for row in tomllib.loads(path.read_text())["row"]]
    found = [Row(**{**table, "changes": tuple(table.get("changes", ()))}) for table in tables]
    if twice := {row.key for row in found if sum(row.key == other.key for other in found) > 1}:
        raise ValueError(f"two rows are called {', '.join(sorted(twice))}: give one a `name`")
    return found


def named(name: str) -> Row:
    known = {row.key: row for row in rows()}
    if name not in known:
        raise SystemExit(f"no row {name!r}; there are: {', '.join(known)}")
    return known[name]


def judging(row: Row) -> Callable[[ganzoo.Run], str]:
    return importlib.import_module(f"judges.{row.judge}").judge


def run(row: Row, out: Path) -> None:
    judging(row)  # before hours of training
    changes = dict(change.split("=", 1) for change in row.changes)
    write(row, ganzoo.train(row.recipe, {key: _value(text) for key, text in changes.items()}, out=out))


def write(row: Row, trained: ganzoo.Run) -> None:
    """Judge a run, and keep the figure and the pictures."""
    provenance = trained.provenance
    settings = trained.resolved["recipe"]["run"]
    status = trained.status
    seen = {
        "figure": judging(row)(trained),
        "changes": list(row.changes),
        "data": dataset(trained.resolved["recipe"]["dataset"]),
        "steps": status["step"],
        "batch_size": settings["batch_size"],
        "seed": settings["seed"],
        "minutes": round(minutes(trained), 1),
        "machine": f"{os.cpu_count()} cores of {marks.processor()}",
        "threads": provenance.get("threads"),
        "date": str(datetime.datetime.now(datetime.UTC).date()),
        "versions": {name: metadata.version(name) for name in ("torch", "torchvision", "accelerate")},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{row.key}.json").write_text(json.dumps(seen, indent=1) + "\n")
    PICTURES.mkdir(exist_ok=True)
    for picture in trained.samples.glob(f"*step-{status['step']:08d}.png"):
        panel = picture.name.partition("step-")[0].rstrip("-")
        enlarged(picture).save(PICTURES / f"{row.key}{'-' + panel if panel else ''}.png")
    print(f"{row.key}: {seen['figure']} ({seen['steps']:,} steps, {seen['minutes']} min)")


def enlarged(path: Path) -> Image.Image:
    """A picture as many times larger as makes it easy to see on a page; its pixels stay squares."""
    with Image.open(path) as picture:
        return ImageOps.scale(picture, max(1, WIDE // picture.width), Image.Resampling.NEAREST)


def minutes(trained: ganzoo.Run) -> float:
    """From the first file of a run to its last sign of life, as it was never interrupted."""
    begun = next(trained.folder.glob("recipe.*")).stat().st_mtime
    return (datetime.datetime.fromisoformat(trained.status["heartbeat"]).timestamp() - begun) / 60


def dataset(table: dict[str, Any]) -> str:
    """The data by name, with its size where that was changed."""
    name = table["use"].rpartition("/")[2]
    return f"{name} at {table['size']}" if table.get("size") else name


def table() -> str:
    """The rows that were seen, as Markdown, and the names of those that were not."""
    head = ["| system | recipe | data | steps | minutes | figure | published |", "| --- " * 7 + "|"]
    lines, unseen = [], []
    for row in rows():
        seen = row.seen
        command = " ".join(("ganzoo run", row.recipe, *row.changes))
        if seen is None:
            unseen.append(f"- `{command}`")
            continue
        cells = [f"[{row.system}]({row.page})", f"`{command}`", seen["data"], f"{seen['steps']:,}"]
        lines.append(" | ".join(["", *cells, f"{seen['minutes']:g}", seen["figure"], row.published or "-", ""]).strip())
    missing = ["", "Not measured yet:", "", *unseen] if unseen else []
    return "\n".join(["", *head, *lines, *missing, ""])


def insert(page: str, text: str) -> str:
    return marks.insert(page, BEGIN, text)


def _value(text: str) -> Any:
    """As on the command line: TOML, or a bare word."""
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except tomllib.TOMLDecodeError:
        return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list")
    verbs.add_parser("table")
    verb = verbs.add_parser("run")
    verb.add_argument("rows", nargs="+")
    verb.add_argument("--out", type=Path, default=Path("runs/zoo"))
    verb = verbs.add_parser("judge")
    verb.add_argument("run", type=Path)
    verb.add_argument("row")
    given = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if given.verb == "list":
        for row in rows():
            print(
                f"{row.key:28} {'seen' if row.seen else '    '}  {' '.join(('ganzoo run', row.recipe, *row.changes))}"
            )
    elif given.verb == "run":
        for row in [named(name) for name in given.rows]:
            run(row, given.out)
    elif given.verb == "judge":
        write(named(given.row), ganzoo.Run.open(given.run))
    else:
        INDEX.write_text(insert(INDEX.read_text(), table()))


if __name__ == "__main__":
    main()
