"""The `ganzoo play` command."""

from __future__ import annotations

import click

from ganzoo.cli.complete import models
from ganzoo.terminal.output import echo


@click.command("play")
@click.argument("run", shell_complete=models)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=7860,
    show_default=True,
    help="Port of the page; 0 for any free port.",
)
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the page in a browser.")
def command(run: str, port: int, browser: bool) -> None:
    """Explore the trained model RUN on a page in the browser.

    RUN is a run folder, a folder of runs (the newest run is used), a checkpoint folder, an export, or OWNER/NAME on the
    Hugging Face Hub. On the page you can generate samples by seed and class, interpolate between them, move them along
    a direction, and save pictures. A translator translates examples of its data or your own pictures.

    Only this machine can reach the page, and the page loads nothing from the network. Ctrl-C stops the server. Requires
    gradio: pip install 'ganzoo-torch[play]'.

    \b
    ganzoo play runs
    ganzoo play runs/... --port 0 --no-browser
    """
    from ganzoo.play import server

    server.require()
    from ganzoo import api

    server.serve(api.load(run), run, port, browser, echo)
    echo("ended.")
