"""ganzoo push PLACE OWNER/NAME [--private/--public] [--revision BRANCH] [--pr] [--dry-run] [--json]"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("push")
@click.argument("place", metavar="FOLDER|RUN", type=click.Path(path_type=Path))
@click.argument("name", metavar="OWNER/NAME")
@click.option("--private", "visibility", flag_value="private", default="private", help="For you alone. [default]")
@click.option("--public", "visibility", flag_value="public", help="For everybody.")
@click.option("--revision", metavar="BRANCH", default="", help="A branch, made if there is none.")
@click.option("--pr", "pull_request", is_flag=True, help="As a pull request, to somebody else's repository too.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and contact nobody.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(
    place: Path, name: str, visibility: str, revision: str, pull_request: bool, dry_run: bool, as_json: bool
) -> None:
    """Send what `ganzoo export` wrote to the Hugging Face Hub; of a run, a new export without graphs.

    Nothing but an export's own files is sent: no optimizer, no data, no random states. The repository is made if there
    is none, and is private unless you say --public.

    \b
    ganzoo push runs/.../export ann/letters --dry-run
    ganzoo push runs/.../export ann/letters --public
    """
    import json

    from ganzoo.errors import GanzooError
    from ganzoo.sharing import hub, sending

    owner, revised = hub.name_of(name)
    if revised:
        raise GanzooError(f"{name}: say the branch with --revision {revised}.")
    sent = sending.push(
        place, owner, public=visibility == "public", dry_run=dry_run, revision=revision, pull_request=pull_request
    )
    if as_json:
        told = {"name": owner, "visibility": visibility, "files": sent.sizes, "url": sent.url, "remark": sent.remark}
        click.echo(json.dumps({"format": 1, "dry_run": dry_run, **told}))
        return
    for file, size in sent.sizes.items():
        click.echo(f"{size:>12,}  {file}")
    if sent.remark:
        click.echo(f"note: {sent.remark}", err=True)
    click.echo(f"would be sent to {owner}, {visibility}; nobody was contacted" if dry_run else sent.url)
