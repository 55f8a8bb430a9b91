"""The `ganzoo schema` command."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ganzoo.errors import GanzooError
from ganzoo.terminal.output import echo


@click.command("schema")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write to FILE instead of stdout."
)
@click.option("--force", is_flag=True, help="Replace another file; an earlier schema is replaced anyway.")
def command(out: Path | None, force: bool) -> None:
    """Write a JSON Schema of recipes with all installed components.

    Editors complete and validate recipes with it: tables, names of components, and settings with their descriptions.
    Write it again after you install or remove a plugin.

    \b
    ganzoo schema --out ganzoo.schema.json
    """
    from ganzoo.config import json_schema
    from ganzoo.registry import discovery
    from ganzoo.utils import atomic, output

    if out and not _is_schema(out, json_schema.TITLE):
        output.file_of(out, out, force)
    zoo = discovery.load().zoo
    document, remarks = json_schema.build(zoo)
    for remark in [*zoo.failures, *remarks]:
        echo(remark, err=True)
    if out is None:
        echo(json.dumps(document, indent=1))
        return
    try:
        atomic.write_json(out, document)
    except OSError as error:
        raise GanzooError(f"{out}: {error.strerror}. Give another file.") from error
    echo(f"{out}\nto use it, add this line to the comments at the top of a recipe: #:schema ./{out.name}")


def _is_schema(file: Path, title: str) -> bool:
    """Tell whether a file is an earlier schema of recipes."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("title") == title
