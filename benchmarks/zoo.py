"""Measurement of the zoo's recipes: trains them, judges their samples, and writes the table of docs/zoo/results.md.

    python benchmarks/zoo.py list
    python benchmarks/zoo.py run ROW ... [--out runs/zoo]
    python benchmarks/zoo.py judge RUN ROW
    python benchmarks/zoo.py table

A row is a [[row]] of benchmarks/zoo/<gan>.toml: the system, its page, the recipe and changes of it, the judge, and the
published figure. A judge is a module benchmarks/judges/<judge>.py, whose function judge(run) returns the figure as
text. `run` trains a row, writes its measurements to benchmarks/zoo/results/<row>.json, and copies the last pictures to
docs/images/zoo/<row>*.png. `judge` does so for an existing run. `table` writes the rows that were measured into the
page, and lists the others below it.
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
from ganzoo.utils import processor

HERE = Path(__file__).resolve().parent
ROWS, RESULTS = HERE / "zoo", HERE / "zoo" / "results"
INDEX, PICTURES = HERE.parent / "docs" / "zoo" / "results.md", HERE.parent / "docs" / "images" / "zoo"
WIDTH = 640  # largest width of a picture on a page, in pixels
BEGIN = marks.begin("written by benchmarks/zoo.py")


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        system: Name of the system in the table.
        page: Its page in docs/zoo.
        recipe: Name of the recipe.
        judge: Module in benchmarks/judges.
        changes: Overrides after the recipe on the command line.
        published: Published figure, or "".
        name: Name of the row where it is not that of the recipe.
    """

    system: str
    page: str
    recipe: str
    judge: str
    changes: tuple[str, ...] = ()
    published: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Unique name of the row, which its files have."""
        return self.name or self.recipe

    @property
    def result(self) -> dict[str, Any] | None:
        """Stored measurements, or None when it was not measured."""
        path = RESULTS / f"{self.key}.json"
        return json.loads(path.read_text()) if path.exists() else None


def rows() -> list[Row]:
    """Return all rows, in the order of the files and of the rows in them.

    Returns:
        The rows.

    Raises:
        ValueError: Two rows have the same name.
    """
    tables = [row for path in sorted(ROWS.glob("*.toml")) for row in tomllib.loads(path.read_text())["row"]]
    every = [Row(**{**table, "changes": tuple(table.get("changes", ()))}) for table in tables]
    if duplicates := {row.key for row in every if sum(row.key == other.key for other in every) > 1}:
        raise ValueError(f"two rows are called {', '.join(sorted(duplicates))}: give one a `name`")
    return every


def find(name: str) -> Row:
    """Return the row of this name; exit with the list of names when there is none."""
    known = {row.key: row for row in rows()}
    if name not in known:
        raise SystemExit(f"no row {name!r}; there are: {', '.join(known)}")
    return known[name]


def load_judge(row: Row) -> Callable[[ganzoo.Run], str]:
    return importlib.import_module(f"judges.{row.judge}").judge


def run(row: Row, out: Path) -> None:
    """Train a row in a folder below `out`, and store its measurements."""
    load_judge(row)  # fails on a missing judge before the training, not after it
    changes = dict(change.split("=", 1) for change in row.changes)
    write(row, ganzoo.train(row.recipe, {key: _value(text) for key, text in changes.items()}, out=out))


def write(row: Row, trained: ganzoo.Run) -> None:
    """Judge a run, and store the measurements and the pictures."""
    provenance = trained.provenance
    settings = trained.resolved["recipe"]["run"]
    status = trained.status
    result = {
        "figure": load_judge(row)(trained),
        "changes": list(row.changes),
        "data": dataset(trained.resolved["recipe"]["dataset"]),
        "steps": status["step"],
        "batch_size": settings["batch_size"],
        "seed": settings["seed"],
        "minutes": round(minutes(trained), 1),
        "machine": f"{os.cpu_count()} cores of {processor.name()}",
        "threads": provenance.get("threads"),
        "date": str(datetime.datetime.now(datetime.UTC).date()),
        "versions": {name: metadata.version(name) for name in ("torch", "torchvision", "accelerate")},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{row.key}.json").write_text(json.dumps(result, indent=1) + "\n")
    PICTURES.mkdir(exist_ok=True)
    for picture in trained.samples.glob(f"*step-{status['step']:08d}.png"):
        panel = picture.name.partition("step-")[0].rstrip("-")
        enlarged(picture).save(PICTURES / f"{row.key}{'-' + panel if panel else ''}.png")
    print(f"{row.key}: {result['figure']} ({result['steps']:,} steps, {result['minutes']} min)")


def enlarged(path: Path) -> Image.Image:
    """Return the picture enlarged by the largest whole factor that fits on a page, without interpolation."""
    with Image.open(path) as picture:
        return ImageOps.scale(picture, max(1, WIDTH // picture.width), Image.Resampling.NEAREST)


def minutes(trained: ganzoo.Run) -> float:
    """Return the duration of an uninterrupted run in minutes, from its first file to its last heartbeat."""
    start = next(trained.folder.glob("recipe.*")).stat().st_mtime
    return (datetime.datetime.fromisoformat(trained.status["heartbeat"]).timestamp() - start) / 60


def dataset(table: dict[str, Any]) -> str:
    """Return the name of the dataset, with the image size where it is set."""
    name = table["use"].rpartition("/")[2]
    return f"{name} at {table['size']}" if table.get("size") else name


def table() -> str:
    """Return the measured rows as a Markdown table, and a list of the commands of the others."""
    head = ["| system | recipe | data | steps | minutes | figure | published |", "| --- " * 7 + "|"]
    lines = []
    missing = []
    for row in rows():
        result = row.result
        command = " ".join(("ganzoo run", row.recipe, *row.changes))
        if result is None:
            missing.append(f"- `{command}`")
            continue
        cells = [f"[{row.system}]({row.page})", f"`{command}`", result["data"], f"{result['steps']:,}"]
        cells += [f"{result['minutes']:g}", result["figure"], row.published or "-"]
        lines.append(" | ".join(["", *cells, ""]).strip())
    rest = ["", "Not measured yet:", "", *missing] if missing else []
    return "\n".join(["", *head, *lines, *rest, ""])


def insert(page: str, text: str) -> str:
    return marks.insert(page, BEGIN, text)


def _value(text: str) -> Any:
    """Parse a value as TOML, or return it as a bare word, as the command line does."""
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
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    if options.verb == "list":
        for row in rows():
            command = " ".join(("ganzoo run", row.recipe, *row.changes))
            print(f"{row.key:28} {'measured' if row.result else '        '}  {command}")
    elif options.verb == "run":
        for row in [find(name) for name in options.rows]:
            run(row, options.out)
    elif options.verb == "judge":
        write(find(options.row), ganzoo.Run.open(options.run))
    else:
        INDEX.write_text(insert(INDEX.read_text(), table()))


if __name__ == "__main__":
    main()
