"""The `ganzoo data` commands: list, get, check."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ganzoo.cli import complete_settings
from ganzoo.cli.complete import of_kind
from ganzoo.cli.words import DataGroup
from ganzoo.config.component import Blueprint
from ganzoo.config.overrides import override
from ganzoo.data.download import Progress
from ganzoo.data.sources import SourceState, data_root, obtain, verify
from ganzoo.errors import DataError, GanzooError, RecipeError, printable
from ganzoo.registry import discovery
from ganzoo.terminal.output import echo

if TYPE_CHECKING:
    from ganzoo.interfaces import Dataset
    from ganzoo.metrics.extractor import Extractor
    from ganzoo.registry.zoo import Entry, Zoo


SHOWN = 30  # classes, with their examples, that are shown to people; --json has all


@click.group("data", cls=DataGroup)
def command() -> None:
    """List, download and verify datasets."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def list_(as_json: bool) -> None:
    """List all datasets."""
    zoo = discovery.load().zoo
    entries = zoo.entries("dataset")
    if as_json:
        keys = ("name", "owner", "summary", "paper")
        echo(json.dumps([{key: getattr(entry, key) for key in keys} for entry in entries], indent=2))
        return
    names = {entry: zoo.shortest_name(entry) for entry in entries}
    width = max(map(len, names.values()), default=0)
    for entry in entries:
        echo(f"{names[entry]:{width}}  {entry.summary}" + (f"  ({entry.owner})" if entry.owner != "ganzoo" else ""))
    echo(f"Data folder: {data_root()}. `ganzoo data get NAME` downloads, `check NAME` verifies.", err=True)


@command.command()
@click.argument("name", shell_complete=of_kind("dataset"))
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE ...]", shell_complete=complete_settings.of_dataset)
def get(name: str, settings: tuple[str, ...]) -> None:
    """Download the files of a dataset, or of an extractor.

    NAME is a dataset from `ganzoo data list`, or an extractor that needs weights, such as inception. Some settings
    select other files, such as split=letters. Existing files are not downloaded again.

    \b
    ganzoo data get mnist
    ganzoo data get emnist split=letters
    ganzoo data get inception
    """
    sources = _build(name, settings).sources()
    if not sources:
        echo(f"{name} needs no download.")
    for source in sources:
        with _progress(source.path) as progress:
            finding = obtain(source, progress)
        echo(_line(finding))


@command.command()
@click.argument("name", shell_complete=of_kind("dataset"))
@click.argument("settings", nargs=-1, metavar="[SETTING=VALUE ...]", shell_complete=complete_settings.of_dataset)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(name: str, settings: tuple[str, ...], as_json: bool) -> None:
    """Verify the files of a dataset, or of an extractor.

    Compares the digests of the files, reads all examples, and counts damaged ones and the examples per class. Exits
    with code 3 if files are missing or examples are damaged.

    \b
    ganzoo data check mnist
    ganzoo data check emnist split=letters --json
    """
    from ganzoo.interfaces import Dataset

    component = _build(name, settings)
    findings = [verify(source) for source in component.sources()]
    bad = [finding for finding in findings if not finding.good]
    content: dict[str, Any] = {}
    problem = ""
    if bad:
        how = shlex.join(["ganzoo", "data", "get", name, *settings])
        problem = f"{name}: {len(bad)} of {len(findings)} files missing or corrupt; type `{how}`."
    elif isinstance(component, Dataset):
        content, problem = _inspect(name, component)
    if as_json:
        report = {"name": name, "problem": problem, "files": [vars(finding) for finding in findings], **content}
        echo(json.dumps(report, indent=2))
    else:
        for finding in findings:
            echo(_line(finding))
        for remark in content.pop("remarks", []):
            echo(f"remark: {remark}.")
        reasons = content.pop("reasons", [])
        for key, value in content.items():
            echo(f"{key}: {_shown(value)}")
        for reason in reasons:  # an error message would be cut after some lines
            echo(reason, err=True)
    if problem:
        raise DataError(problem)


def _build(name: str, settings: tuple[str, ...]) -> Dataset | Extractor:
    """Build a dataset or an extractor with `setting=value` arguments.

    Args:
        name: Its name; a dataset comes first.
        settings: The arguments.

    Returns:
        The dataset or extractor.

    Raises:
        RecipeError: Settings are wrong; every one is listed.
    """
    zoo = discovery.load().zoo
    entry = _find(name, zoo)
    for setting in settings:
        if "=" not in setting:
            raise RecipeError(f"{setting!r}: write setting=value, such as split=letters")
    tree: dict[str, Any] = {entry.kind: {"use": entry.full_name}}
    override(tree, [f"{entry.kind}.{setting}" for setting in settings], zoo)
    del tree[entry.kind]["use"]
    blueprint = Blueprint(entry, tree[entry.kind])
    if problems := blueprint.problems():
        raise RecipeError("\n".join(problems))
    component: Dataset | Extractor = blueprint()
    return component


def _find(name: str, zoo: Zoo) -> Entry:
    """Return the dataset of this name, or else the extractor; raises the error of a dataset that does not exist."""
    try:
        return zoo.find("dataset", name)
    except GanzooError:
        if name in {known for entry in zoo.entries("extractor") for known in (entry.name, entry.full_name)}:
            return zoo.find("extractor", name)
        raise


def _inspect(name: str, dataset: Dataset) -> tuple[dict[str, Any], str]:
    """Return the contents of a dataset for JSON, and the problems found."""
    from rich.progress import track

    from ganzoo.data.inspection import survey
    from ganzoo.terminal.console import Console

    console = Console(stderr=True)
    bar = partial(track, description=name, console=console, transient=True, disable=not console.is_terminal)
    try:
        result = survey(dataset, bar)
    except DataError as error:
        return {}, error.message
    content: dict[str, Any] = {"examples": result.examples, "shape": list(dataset.spec.shape)}
    if result.classes:
        content["classes"] = result.classes
    content |= {"damaged": result.damaged, "remarks": result.remarks}
    if not result.damaged:
        return content, ""
    content["reasons"] = result.reasons
    return content, f"{name}: {result.damaged:,} of {result.examples:,} examples are damaged, as listed."


def _shown(value: Any) -> str:
    """Return a value as people read it: letters as they are, and the first of very many classes."""
    more = f" and {len(value) - SHOWN:,} more" if isinstance(value, dict) and len(value) > SHOWN else ""
    shown = dict([*value.items()][:SHOWN]) if more else value
    return printable(json.dumps(shown, ensure_ascii=False)) + more


def _line(finding: SourceState) -> str:
    return f"{finding.state:9} {finding.path}" + (f" ({finding.note})" if finding.note else "")


@contextmanager
def _progress(title: str) -> Iterator[Progress]:
    """Show a progress bar in a terminal, or print one line per file elsewhere, on stderr."""
    if sys.stderr.isatty():
        with _bar(title) as progress:
            yield progress
        return
    begun = False

    def line(done: int, total: int | None) -> None:
        nonlocal begun
        if not begun:
            echo(f"fetching {title}" + (f", {total / 1e6:,.1f} MB" if total else ""), err=True)
        begun = True

    yield line


@contextmanager
def _bar(title: str) -> Iterator[Progress]:
    from rich import progress as rich

    from ganzoo.terminal.console import Console

    columns = (rich.TextColumn("{task.description}"), rich.BarColumn(), rich.DownloadColumn())
    with rich.Progress(
        *columns, rich.TransferSpeedColumn(), rich.TimeRemainingColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task(title, total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True)
