"""ganzoo pull OWNER/NAME[@REVISION] [--out DIR] [--json]"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("pull")
@click.argument("name", metavar="OWNER/NAME[@REVISION]")
@click.option("--out", type=click.Path(path_type=Path), help="A folder that is not there yet. [NAME]")
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def command(name: str, out: Path | None, as_json: bool) -> None:
    """Fetch a model that `ganzoo push` sent, and check it before it takes its place.

    A repository that holds anything but an export's files is refused before anything is fetched. A plugin that the
    model needs is named, never installed.

    \b
    ganzoo pull ann/letters
    ganzoo sample letters -n 16
    """
    import json

    from ganzoo.sharing import fetching, hub, load

    owner, revision = hub.name_of(name)
    remote = fetching.look(owner, revision)
    target = fetching.fetch(remote, out or Path(owner.rpartition("/")[2]))
    found = load.read(target)
    if as_json:
        told = {"folder": str(target), "commit": remote.commit, "files": remote.sizes, "plugins": found.plugins}
        click.echo(json.dumps({"format": 1, **told}))
        return
    for file, size in remote.sizes.items():
        click.echo(f"{size:>12,}  {file}")
    for plugin, version in found.plugins.items():
        click.echo(f"note: it needs the plugin {plugin} {version}: pip install {plugin}, if you trust it", err=True)
    click.echo(target)
