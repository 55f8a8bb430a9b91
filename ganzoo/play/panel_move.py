"""A move of several samples at once, in one direction among their codes."""

from __future__ import annotations

import gradio as gr

from ganzoo.play.panel_samples import SLIDE, Controls, Samples, whole
from ganzoo.play.shown import Shelf, picture, told
from ganzoo.play.studio import Studio

CALLED = {"principal": "where most changes", "random": "at random", "coordinate": "one coordinate"}


def move(studio: Studio, controls: Controls, samples: Samples, shelf: Shelf, name: str) -> None:
    """Lays it out."""
    below = (
        "The first samples of the grid, and below them"
        if studio.model.spec.is_image
        else "The samples, and beside them"
    )
    gr.Markdown(f"### Move in one direction\n{below} the same, moved.")
    shown = picture("Samples as drawn, and moved", "move")
    far = gr.Slider(-3, 3, 2, step=0.1, label="How far", elem_id="far")
    kinds = [(CALLED[kind], kind) for kind in studio.directions]
    kind = gr.Radio(kinds, value="principal", label="Direction", elem_id="kind")
    with gr.Row(elem_classes="controls"):
        number = _number(studio.directions["principal"])
        save = gr.DownloadButton("Save as PNG", elem_id="save-move", min_width=170)

    @told
    def show(seed: int, count: int, label: int, kind: str, number: int, far: float) -> tuple[str, str]:
        draw = controls.draw(seed, count, label)
        path = shelf.png(studio.move(draw, kind, whole(number) - 1, far), f"{name}-moved")
        return path, path

    asked = [*controls.inputs, kind, number, far]
    first = kind.change(lambda kind: _number(studio.directions[kind]), kind, number, **SLIDE)
    first.then(show, asked, [shown, save], show_progress="hidden", api_visibility="private")
    gr.on([number.input, far.input], show, asked, [shown, save], **SLIDE)
    samples.then(show, asked, [shown, save])


def _number(there: int) -> gr.Number:
    """Of a direction, the first of so many."""
    return gr.Number(1, label=f"Which of {there}", precision=0, minimum=1, maximum=there, min_width=120)
