"""A walk from one sample to another: picked in the grid or by number, and a slider between them."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ganzoo.play import draws
from ganzoo.play.panel_samples import SLIDE, Controls, Samples, whole
from ganzoo.play.shown import Shelf, picture, told
from ganzoo.play.studio import End, Studio

FIRST, LAST = "the first", "the last"


def walk(studio: Studio, controls: Controls, samples: Samples, shelf: Shelf, name: str) -> None:
    """Lays it out."""
    one = studio.model.spec.is_image
    kept = " The class stays that of the first." if one and studio.model.procedure.conditional else ""
    gr.Markdown("### Walk between two\n" + (f"Click two samples in the grid.{kept}" if one else "All samples at once."))
    shown = picture("The first, here, the last" if one else "Samples on their way from one seed to another", "walk")
    place = gr.Slider(0, 1, 0.5, step=0.02, label="From the first to the last", elem_id="place")
    ends: list[Any] = []
    with gr.Row():
        for end, seed in (("First", 0), ("Last", 1)):
            label, most = f"{end}: seed", draws.SEEDS - 1
            ends.append(gr.Number(seed, label=label, precision=0, minimum=0, maximum=most, min_width=120))
            ends.append(gr.Number(1, label="which sample", precision=0, minimum=1, min_width=120, visible=one))
    with gr.Row(elem_classes="controls"):
        turn = gr.Radio([FIRST, LAST], value=FIRST, label="A click picks", visible=one, elem_id="turn", min_width=220)
        save = gr.DownloadButton("Save as PNG", elem_id="save-walk", min_width=170)

    @told
    def show(seed: int, count: int, label: int, place: float, *numbers: int) -> tuple[str, str]:
        draw = controls.draw(seed, count, label)
        a, i, b, j = (whole(number) for number in numbers)
        path = shelf.png(studio.walk(draw, End(a, i - 1), End(b, j - 1), place), f"{name}-walk")
        return path, path

    def pick(number: int, seed: int, count: int, label: int, turn: str) -> list[Any]:
        found, left = [seed, number + 1], [gr.skip(), gr.skip()]
        return [*found, *left, LAST] if turn == FIRST else [*left, *found, FIRST]

    asked = [*controls.inputs, place, *ends]
    gr.on([place.input, *(end.change for end in ends)], show, asked, [shown, save], **SLIDE)
    if one:
        samples.picked(pick, [turn], [*ends, turn])
    samples.then(show, asked, [shown, save])
