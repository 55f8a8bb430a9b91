"""The page: what the GAN is, its samples, and what can be done with them."""

from __future__ import annotations

import html
import re
from contextlib import ExitStack
from pathlib import Path

import gradio as gr

from ganzoo.play import draws, facts
from ganzoo.play.draws import Draw
from ganzoo.play.panel_move import move
from ganzoo.play.panel_samples import Controls, Samples
from ganzoo.play.panel_translations import translations
from ganzoo.play.panel_walk import walk
from ganzoo.play.shown import Shelf
from ganzoo.play.studio import Studio

CSS = (Path(__file__).parent / "style.css").read_text()
HEAD = f"<script>{(Path(__file__).parent / 'script.js').read_text()}</script>"
THEME = gr.themes.Default(primary_hue="blue", font=["sans-serif"], font_mono=["monospace"])  # none to be fetched
WIDE = 12  # columns from which a grid has the page's whole width
HOUR = 3600


def build(studio: Studio, place: str, folder: Path) -> gr.Blocks:
    """The page of the GAN at `place`; what it shows and what is uploaded lies in `folder`."""
    name = re.sub(r"[^A-Za-z0-9_-]", "_", facts.title(studio.model))[:60]
    spec = studio.model.spec
    columns = draws.columns(studio.model, Draw(studio.count)) if spec.is_image else 1
    wide = columns >= WIDE or bool(spec.vocab)
    page: gr.Blocks
    with gr.Blocks(
        title=f"{facts.title(studio.model)} - ganzoo", analytics_enabled=False, delete_cache=(HOUR, HOUR)
    ) as page:
        gr.HTML(
            f"<h1>{html.escape(facts.title(studio.model))}</h1><p>{html.escape(facts.line(studio.model, place))}</p>",
            elem_id="about",
        )
        controls = Controls(studio)
        with ExitStack() as row:
            if not wide:
                row.enter_context(gr.Row())
            with gr.Column(min_width=320):
                samples = Samples(studio, controls, Shelf(folder / "samples"), place, name)
            with gr.Column(min_width=320):
                if studio.translates:
                    translations(studio, controls, samples, Shelf(folder / "one"), name, folder)
                elif studio.why_not:
                    gr.Markdown(f"No walks and no moves: {html.escape(studio.why_not)}", elem_id="why-not")
                else:
                    with ExitStack() as beside:
                        if wide:
                            beside.enter_context(gr.Row())
                        with gr.Column(min_width=320):
                            walk(studio, controls, samples, Shelf(folder / "walk"), name)
                        with gr.Column(min_width=320):
                            move(studio, controls, samples, Shelf(folder / "move"), name)
        samples.begin(page)
    return page
