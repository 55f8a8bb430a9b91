"""The page: a description of the model, its samples, and panels to explore them."""

from __future__ import annotations

import html
import re
from contextlib import ExitStack
from pathlib import Path

import gradio as gr

from ganzoo.play import description, panels, samples
from ganzoo.play.panels import Controls, Samples
from ganzoo.play.samples import Request
from ganzoo.play.studio import Studio
from ganzoo.play.widgets import FileStore

CSS = (Path(__file__).parent / "style.css").read_text()
HEAD = f"<script>{(Path(__file__).parent / 'script.js').read_text()}</script>"
THEME = gr.themes.Default(primary_hue="blue", font=["sans-serif"], font_mono=["monospace"])  # no fonts to download
WIDE = 12  # columns from which a grid has the whole width of the page
HOUR = 3600


def build(studio: Studio, path: str, folder: Path) -> gr.Blocks:
    """Build the page of a model.

    Args:
        studio: The model.
        path: Run, export or Hub model that it was loaded from.
        folder: Folder of the pictures that the page shows, and of uploaded ones.

    Returns:
        The page.
    """
    title = description.title(studio.model)
    about = description.line(studio.model, path)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", title)[:60]
    spec = studio.model.spec
    columns = samples.columns(studio.model, Request(studio.count)) if spec.is_image else 1
    wide = columns >= WIDE or bool(spec.vocab)
    page: gr.Blocks
    with gr.Blocks(title=f"{title} - ganzoo", analytics_enabled=False, delete_cache=(HOUR, HOUR)) as page:
        gr.HTML(f"<h1>{html.escape(title)}</h1><p>{html.escape(about)}</p>", elem_id="about", padding=False)
        controls = Controls(studio)
        with ExitStack() as row:
            if not wide:
                row.enter_context(gr.Row())
            with gr.Column(min_width=320, elem_classes=[] if wide else "stays"):
                shown = Samples(studio, controls, FileStore(folder / "samples"), path, name)
            with gr.Column(min_width=320):
                if studio.translates:
                    panels.translation(studio, controls, shown, FileStore(folder / "translation"), name, folder)
                elif studio.unavailable:
                    reason = html.escape(studio.unavailable)
                    gr.Markdown(f"Interpolation and moves are not available: {reason}", elem_id="unavailable")
                else:
                    with ExitStack() as inner_row:
                        if wide:
                            inner_row.enter_context(gr.Row())
                        with gr.Column(min_width=320):
                            store = FileStore(folder / "interpolation")
                            panels.interpolation(studio, controls, shown, store, name)
                        with gr.Column(min_width=320):
                            panels.direction(studio, controls, shown, FileStore(folder / "move"), name)
        shown.start(page)
    return page
