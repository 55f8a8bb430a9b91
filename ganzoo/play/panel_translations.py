"""One example of a translator's data in large, picked in the grid, and somebody's own picture."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from ganzoo.errors import GanzooError
from ganzoo.play.panel_samples import EVENT, Controls, Samples
from ganzoo.play.shown import Shelf, picture, told
from ganzoo.play.studio import Studio


def translations(studio: Studio, controls: Controls, samples: Samples, shelf: Shelf, name: str, uploads: Path) -> None:
    """Lays it out. uploads: the folder that holds what the browser sent."""
    gr.Markdown("### One picture\nClick an example, or take a picture of your own: its middle is cut out as a square.")
    upload = gr.UploadButton("Your own picture", file_types=["image"], elem_id="upload")
    shown = picture("Input, output, and what it should be where that is known", "one")
    save = gr.DownloadButton("Save as PNG", elem_id="save-one")

    @told
    def first(seed: int, count: int, label: int) -> tuple[str, str]:
        return pick(0, seed, count, label)

    def pick(number: int, seed: int, count: int, label: int) -> tuple[str, str]:
        path = shelf.png(studio.example(controls.draw(seed, count, label), number), f"{name}-translated")
        return path, path

    @told
    def own(file: str, seed: int, count: int, label: int) -> tuple[str, str]:
        if not Path(file).resolve().is_relative_to(uploads.resolve()):
            raise GanzooError("this file was not uploaded.")
        path = shelf.png(studio.own(controls.draw(seed, count, label), Path(file)), f"{name}-translated")
        return path, path

    samples.picked(pick, [], [shown, save])
    upload.upload(own, [upload, *controls.inputs], [shown, save], **EVENT)
    samples.then(first, controls.inputs, [shown, save])
