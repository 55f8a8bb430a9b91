"""ganzoo play RUN [--port N] [--browser/--no-browser]"""

from __future__ import annotations

import click


@click.command("play")
@click.argument("run")
@click.option("--port", type=click.IntRange(0, 65535), default=7860, show_default=True, help="0 for any that is free.")
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the page in a browser.")
def command(run: str, port: int, browser: bool) -> None:
    """Play with RUN, a run folder or one of its checkpoints, on a page in the browser.

    Draw samples by seed and class, walk from one to another, move them in a direction, save what you see. A GAN that
    translates is given examples of its data, or your pictures. The page is for this machine alone, and asks nothing of
    any other address. It needs gradio: pip install 'ganzoo-torch[play]'.

    \b
    ganzoo play runs
    ganzoo play runs/... --port 0 --no-browser
    """
    from ganzoo.play import server

    server.require()
    from ganzoo import api

    server.serve(api.load(run), run, port, browser, click.echo)
    click.echo("ended.")
