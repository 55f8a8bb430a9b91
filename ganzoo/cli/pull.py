"""The `ganzoo pull` command."""

from __future__ import annotations

from pathlib import Path

import click

from ganzoo.terminal.output import echo


@click.command("pull")
@click.argument("name", metavar="OWNER/NAME[@REVISION]")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to create. [NAME]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(name: str, out: Path | None, as_json: bool) -> None:
    """Download a model from the Hugging Face Hub and verify it.

    The model must be an export: a repository with any other file is rejected before the download. REVISION is a branch,
    tag or commit. Plugins that the model needs are named but not installed.

    \b
    ganzoo pull ann/letters
    ganzoo sample letters -n 16
    """
    import json

    from ganzoo.sharing import config, hub

    repository, revision = hub.parse_name(name)
    remote = hub.look_up(repository, revision)
    folder = hub.download(remote, out or Path(repository.rpartition("/")[2]))
    plugins = config.read(folder).plugins
    if as_json:
        document = {"folder": str(folder), "commit": remote.commit, "files": remote.sizes, "plugins": plugins}
        echo(json.dumps({"format": 1, **document}))
        return
    for file, size in remote.sizes.items():
        echo(f"{size:>12,}  {file}")
    for plugin, version in plugins.items():
        echo(f"note: it needs the plugin {plugin} {version}: pip install {plugin}, if you trust it", err=True)
    echo(folder)
