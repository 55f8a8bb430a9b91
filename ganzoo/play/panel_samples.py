"""The controls of a draw, and its picture with the command that writes the same."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from ganzoo.errors import GanzooError
from ganzoo.play import draws
from ganzoo.play.draws import Draw
from ganzoo.play.shown import Shelf, picture, told
from ganzoo.play.studio import Studio

NEW = 10**6  # seeds that the button draws from: short ones are easier to read out
IN_TURN = -1
CLICK = re.compile(r"\d{1,6},\d{1,6}")
EVENT: dict[str, Any] = {"trigger_mode": "always_last", "api_visibility": "private"}
SLIDE: dict[str, Any] = {**EVENT, "show_progress": "hidden"}


class Controls:
    """Seed, number and class: the inputs of every handler."""

    def __init__(self, studio: Studio):
        spec, names = studio.model.spec, studio.model.class_names
        classes = spec.classes if studio.model.procedure.conditional else 0
        called = [(names[k] if k < len(names) else str(k), k) for k in range(classes)]
        with gr.Row(elem_classes="controls"):
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=draws.SEEDS - 1, min_width=120)
            count = gr.Slider(1, draws.most(spec), studio.count, step=1, label="How many", min_width=200)
            label = gr.Dropdown(
                [("every class in turn", IN_TURN), *called],
                value=IN_TURN,
                label="Class",
                visible=bool(classes),
                min_width=170,
            )
            new = gr.Button("New examples" if studio.translates else "New noise", variant="primary", min_width=170)
        new.click(lambda: secrets.randbelow(NEW), outputs=seed, show_progress="hidden", api_visibility="private")
        self.inputs: list[Any] = [seed, count, label]

    @staticmethod
    def draw(seed: int | None, count: int, label: int) -> Draw:
        """Errors: GanzooError for an empty field."""
        return Draw(count, whole(seed), None if label == IN_TURN else label)


class Samples:
    """The picture, or the text, of a draw."""

    def __init__(self, studio: Studio, controls: Controls, shelf: Shelf, place: str, name: str):
        as_text = bool(studio.model.spec.vocab)
        label = "Input, output, and what it should be" if studio.translates else "Samples"
        self.picture: Any = (
            gr.Textbox(label=label, lines=16, max_lines=40, interactive=False, elem_id="samples")
            if as_text
            else picture(label, "samples")
        )
        self._at = gr.Button(visible="hidden", elem_id="at")  # script.js clicks it
        with gr.Row(elem_classes="controls"):
            command = gr.Textbox(
                label="The same by a command",
                interactive=False,
                buttons=["copy"],
                elem_id="command",
                scale=4,
                min_width=300,
            )
            save = gr.DownloadButton(
                "Save as text" if as_text else "Save as PNG", elem_id="save-samples", scale=1, min_width=170
            )

        @told
        def show(seed: int | None, count: int, label: int) -> tuple[str, str, str]:
            draw = controls.draw(seed, count, label)
            same = draws.command(studio.model, draw, place)
            if as_text:
                lines = "".join(f"{line}\n" for line in studio.text(draw))
                return lines, same, shelf.put(lines.encode(), f"{name}-seed-{draw.seed}.txt")
            path = shelf.png(studio.grid(draw), f"{name}-seed-{draw.seed}")
            return path, same, path

        self._studio = studio
        self._show = show
        self._inputs = controls.inputs
        self._outputs = [self.picture, command, save]
        self._following: list[tuple[Callable[..., Any], list[Any], list[Any]]] = []

    def then(self, handler: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> None:
        """What follows each time a draw is shown."""
        self._following.append((handler, inputs, outputs))

    def picked(self, handler: Callable[..., Sequence[Any]], inputs: list[Any], outputs: list[Any]) -> None:
        """What follows a click on a sample: handler(its number from 0, seed, count, label, *inputs)."""

        @told
        def find(at: str, seed: int | None, count: int, label: int, *more: Any) -> Sequence[Any]:
            across, down = map(int, at.split(",")) if CLICK.fullmatch(at) else (-1, -1)
            number = self._studio.picked(Controls.draw(seed, count, label), across, down)
            return [gr.skip()] * len(outputs) if number is None else handler(number, seed, count, label, *more)

        where = "(button, ...more) => [window.at, ...more]"
        self._at.click(find, [self._at, *self._inputs, *inputs], outputs, js=where, **SLIDE)

    def begin(self, page: gr.Blocks) -> None:
        """Show a draw when the page is opened and when a control changes."""
        events = [page.load, *(control.change for control in self._inputs)]
        shown = gr.on(events, self._show, self._inputs, self._outputs, show_progress_on=[self.picture], **EVENT)
        for handler, inputs, outputs in self._following:
            shown.then(handler, inputs, outputs, show_progress="hidden", api_visibility="private")


def whole(number: int | None) -> int:
    """Errors: GanzooError for a field that somebody has emptied."""
    if number is None:
        raise GanzooError("a field is empty: give it a whole number.")
    return int(number)
