"""The `ganzoo push` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.cli.complete import runs
from ganzoo.terminal.output import echo


@click.command("push")
@click.argument("place", metavar="FOLDER|RUN", type=click.Path(path_type=Path), shell_complete=runs)
@click.argument("name", metavar="OWNER/NAME")
@click.option(
    "--private", "visibility", flag_value="private", default="private", help="Create a private repository. [default]"
)
@click.option(
    "--public", "visibility", flag_value="public", help="Create a public repository, or allow an existing one."
)
@click.option("--revision", metavar="BRANCH", default="", help="Branch to upload to; created if it does not exist.")
@click.option("--pr", "pull_request", is_flag=True, help="Open a pull request, also in a repository of somebody else.")
@click.option("--dry-run", is_flag=True, help="List the files without contacting the Hub.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    place: Path, name: str, visibility: str, revision: str, pull_request: bool, dry_run: bool, as_json: bool
) -> None:
    """Upload an export to the Hugging Face Hub.

    FOLDER is an export; a RUN is exported first, without graphs. Only the files of the export are uploaded: no
    optimizer state, no data, no random states. The repository OWNER/NAME is created if it does not exist, as a private
    one unless you add --public. Log in by `hf auth login` or set HF_TOKEN.

    \b
    ganzoo push runs/.../export ann/letters --dry-run
    ganzoo push runs/.../export ann/letters --public
    """
    import json

    from ganzoo.errors import GanzooError
    from ganzoo.sharing import hub

    repository, at_revision = hub.parse_name(name)
    if at_revision:
        raise GanzooError(f"{name}: give the branch with --revision {at_revision}.")
    upload = hub.push(
        place, repository, public=visibility == "public", dry_run=dry_run, revision=revision, pull_request=pull_request
    )
    if as_json:
        document = {"name": repository, "visibility": visibility, "files": upload.sizes, "url": upload.url}
        echo(json.dumps({"format": 1, "dry_run": dry_run, **document, "remark": upload.remark}))
        return
    for file, size in upload.sizes.items():
        echo(f"{size:>12,}  {file}")
    if upload.remark:
        echo(f"note: {upload.remark}", err=True)
    echo(f"would be sent to {repository}, {visibility}; nothing was sent" if dry_run else upload.url)
