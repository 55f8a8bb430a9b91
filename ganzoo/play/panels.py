"""The panels of the page: controls, samples, interpolation, moves along a direction, and translation."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ganzoo.errors import GanzooError
from ganzoo.play import samples
from ganzoo.play.samples import Request
from ganzoo.play.studio import End, Studio
from ganzoo.play.widgets import FileStore, picture, show_errors

NEW_SEEDS = 10**6  # from which the button chooses: short seeds are easier to read out
NO_TRUNCATION = 3.0  # end of the slider
IN_TURN = -1  # stands for every class in turn
FIRST, LAST = "the first", "the last"
FAR = "At 0 nothing moves. Codes beyond 3 are rare in training."
ABOUT = {
    "principal": "Largest changes: where the samples change most, the first direction most of all.",
    "random": "Random: any direction of the noise.",
    "coordinate": "One coordinate: one number of the noise alone.",
}
DIRECTIONS = {"principal": "largest changes", "random": "random", "coordinate": "one coordinate"}
PIXEL = re.compile(r"\d{1,6},\d{1,6}")
EVENT: dict[str, Any] = {"trigger_mode": "always_last", "api_visibility": "private"}
SLIDE: dict[str, Any] = {**EVENT, "show_progress": "hidden"}


class Controls:
    """Seed, number, class and truncation of the samples: the first inputs of every handler.

    Args:
        studio: The model.
    """

    def __init__(self, studio: Studio):
        spec, names = studio.model.spec, studio.model.class_names
        classes = spec.classes if studio.model.procedure.conditional else 0
        choices = [(names[k] if k < len(names) else str(k), k) for k in range(classes)]
        with gr.Row(elem_classes="controls"):
            seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=samples.SEEDS - 1, min_width=120)
            most = samples.largest_count(spec)
            count = gr.Slider(1, most, studio.count, step=1, label="Number of samples", min_width=200)
            label = gr.Dropdown(
                [("every class in turn", IN_TURN), *choices],
                value=IN_TURN,
                label="Class",
                visible=bool(classes),
                min_width=170,
            )
            truncation = gr.Slider(
                0.1,
                NO_TRUNCATION,
                NO_TRUNCATION,
                step=0.1,
                label="Truncation (3: none)",
                visible=studio.truncates,
                min_width=170,
            )
            new = gr.Button("New examples" if studio.translates else "New noise", variant="primary", min_width=170)
        new.click(lambda: secrets.randbelow(NEW_SEEDS), outputs=seed, show_progress="hidden", api_visibility="private")
        self.inputs: list[Any] = [seed, count, label, truncation]

    @staticmethod
    def request(seed: int | None, count: int, label: int, truncation: float) -> Request:
        """Return the request of the controls' values.

        Args:
            seed: The seed, or None if the field is empty.
            count: Number of samples.
            label: Index of the class, or IN_TURN.
            truncation: Largest absolute value of a number of a normal code, or NO_TRUNCATION.

        Returns:
            The request.

        Raises:
            GanzooError: A field is empty or out of range.
        """
        bound = truncation if truncation < NO_TRUNCATION else None
        return Request(count, integer(seed), None if label == IN_TURN else label, bound)


class Samples:
    """The samples of a request, as a picture or as text, and the command that writes the same.

    Args:
        studio: The model.
        controls: The controls of the page.
        store: Files of this panel.
        path: The run, as the user gave it, for the command.
        name: Name of saved files, without their ending.
    """

    def __init__(self, studio: Studio, controls: Controls, store: FileStore, path: str, name: str):
        as_text = bool(studio.model.spec.vocab)
        label = ", ".join(("Input", "output", "target")[: studio.kinds]) if studio.translates else "Samples"
        self.picture: Any = (
            gr.Textbox(label=label, lines=16, max_lines=40, interactive=False, elem_id="samples")
            if as_text
            else picture(label, "samples")
        )
        self._at = gr.Button(visible="hidden", elem_id="at")  # clicked by script.js
        with gr.Row(elem_classes="controls"):
            command = gr.Textbox(
                label="Command for the same samples",
                interactive=False,
                buttons=["copy"],
                elem_id="command",
                scale=4,
                min_width=300,
            )
            save = gr.DownloadButton(
                "Save as text" if as_text else "Save as PNG", elem_id="save-samples", scale=1, min_width=170
            )

        @show_errors
        def show(seed: int | None, count: int, label: int, truncation: float) -> tuple[str, str, str]:
            request = controls.request(seed, count, label, truncation)
            command = samples.command(studio.model, request, path)
            if as_text:
                lines = "".join(f"{line}\n" for line in studio.text(request))
                return lines, command, store.put(lines.encode(), f"{name}-seed-{request.seed}.txt")
            file = store.put_png(studio.grid(request), f"{name}-seed-{request.seed}")
            return file, command, file

        self._studio = studio
        self._show = show
        self._inputs = controls.inputs
        self._outputs = [self.picture, command, save]
        self._followers: list[tuple[Callable[..., Any], list[Any], list[Any]]] = []

    def then(self, handler: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> None:
        """Call a handler after each change of the samples."""
        self._followers.append((handler, inputs, outputs))

    def on_click(self, handler: Callable[..., Sequence[Any]], inputs: list[Any], outputs: list[Any]) -> None:
        """Call a handler after a click on a sample.

        Args:
            handler: Called as handler(index of the sample, seed, count, label, truncation, *inputs).
            inputs: Further inputs.
            outputs: Elements that the handler changes.
        """

        @show_errors
        def find(at: str, seed: int | None, count: int, label: int, truncation: float, *more: Any) -> Sequence[Any]:
            across, down = map(int, at.split(",")) if PIXEL.fullmatch(at) else (-1, -1)
            index = self._studio.sample_at(Controls.request(seed, count, label, truncation), across, down)
            return (
                [gr.skip()] * len(outputs) if index is None else handler(index, seed, count, label, truncation, *more)
            )

        pixel = "(button, ...more) => [window.at, ...more]"
        self._at.click(find, [self._at, *self._inputs, *inputs], outputs, js=pixel, **SLIDE)

    def start(self, page: gr.Blocks) -> None:
        """Show samples when the page is opened and when a control changes."""
        events = [page.load, *(control.change for control in self._inputs)]
        shown = gr.on(events, self._show, self._inputs, self._outputs, show_progress_on=[self.picture], **EVENT)
        for handler, inputs, outputs in self._followers:
            shown.then(handler, inputs, outputs, show_progress="hidden", api_visibility="private")


def interpolation(studio: Studio, controls: Controls, shown: Samples, store: FileStore, name: str) -> None:
    """Add the panel that interpolates between two samples, selected by a click or by seed and number.

    Args:
        studio: The model.
        controls: The controls of the page.
        shown: The panel of samples.
        store: Files of this panel.
        name: Name of saved files, without their ending.
    """
    images = studio.model.spec.is_image
    note = " The class is that of the first." if images and studio.model.procedure.conditional else ""
    click = "Click two samples in the grid, or give the seed of each grid and the number in it, row by row from 1."
    how = f"{click}{note}" if images else "All samples of one seed move to those of another."
    gr.Markdown(f"### Interpolate\n{how}")
    description = "First sample, interpolation, last sample" if images else "Samples between those of two seeds"
    image = picture(description, "interpolation")
    place = gr.Slider(0, 1, 0.5, step=0.02, label="From the first to the last", elem_id="place")
    ends: list[Any] = []
    with gr.Row():
        for end, seed in (("First", 0), ("Last", 1)):
            label, most = f"{end}: seed", samples.SEEDS - 1
            ends.append(gr.Number(seed, label=label, precision=0, minimum=0, maximum=most, min_width=120))
            ends.append(gr.Number(1, label="which sample", precision=0, minimum=1, min_width=120, visible=images))
    with gr.Row(elem_classes="controls"):
        turn = gr.Radio(
            [FIRST, LAST], value=FIRST, label="A click selects", visible=images, elem_id="turn", min_width=220
        )
        save = gr.DownloadButton("Save as PNG", elem_id="save-interpolation", min_width=170)

    @show_errors
    def show(seed: int, count: int, label: int, truncation: float, place: float, *numbers: int) -> tuple[str, str]:
        request = controls.request(seed, count, label, truncation)
        first_seed, first, last_seed, last = (integer(number) for number in numbers)
        drawing = studio.interpolate(request, End(first_seed, first - 1), End(last_seed, last - 1), place)
        file = store.put_png(drawing, f"{name}-interpolation")
        return file, file

    def select(index: int, seed: int, count: int, label: int, truncation: float, turn: str) -> list[Any]:
        selected, unchanged = [seed, index + 1], [gr.skip(), gr.skip()]
        return [*selected, *unchanged, LAST] if turn == FIRST else [*unchanged, *selected, FIRST]

    inputs = [*controls.inputs, place, *ends]
    gr.on([place.input, *(end.change for end in ends)], show, inputs, [image, save], **SLIDE)
    if images:
        shown.on_click(select, [turn], [*ends, turn])
    shown.then(show, inputs, [image, save])


def direction(studio: Studio, controls: Controls, shown: Samples, store: FileStore, name: str) -> None:
    """Add the panel that moves samples along a direction of their codes.

    Args:
        studio: The model.
        controls: The controls of the page.
        shown: The panel of samples.
        store: Files of this panel.
        name: Name of saved files, without their ending.
    """
    where = "The first samples of the grid, and below" if studio.model.spec.is_image else "The samples, and next to"
    gr.Markdown(f"### Move along a direction\n{where} them the same samples, moved.")
    image = picture("Samples before and after the move", "move")
    distance = gr.Slider(-3, 3, 2, step=0.1, label="Distance in standard deviations", info=FAR, elem_id="distance")
    kinds = [(DIRECTIONS[kind], kind) for kind in studio.directions]
    about = " ".join(ABOUT[kind] for kind in studio.directions)
    kind = gr.Radio(kinds, value="principal", label="Direction", info=about, elem_id="kind")
    with gr.Row(elem_classes="controls"):
        number = _direction_number(studio.directions["principal"])
        save = gr.DownloadButton("Save as PNG", elem_id="save-move", min_width=170)

    @show_errors
    def show(
        seed: int, count: int, label: int, truncation: float, kind: str, number: int, distance: float
    ) -> tuple[str, str]:
        drawing = studio.move(controls.request(seed, count, label, truncation), kind, integer(number) - 1, distance)
        file = store.put_png(drawing, f"{name}-moved")
        return file, file

    inputs = [*controls.inputs, kind, number, distance]
    changed = kind.change(lambda kind: _direction_number(studio.directions[kind]), kind, number, **SLIDE)
    changed.then(show, inputs, [image, save], show_progress="hidden", api_visibility="private")
    gr.on([number.input, distance.input], show, inputs, [image, save], **SLIDE)
    shown.then(show, inputs, [image, save])


def _direction_number(count: int) -> gr.Number:
    return gr.Number(1, label=f"Number, 1 to {count}", precision=0, minimum=1, maximum=count, min_width=120)


def translation(studio: Studio, controls: Controls, shown: Samples, store: FileStore, name: str, uploads: Path) -> None:
    """Add the panel of a translator with one example, selected by a click, or an uploaded picture.

    Args:
        studio: The model.
        controls: The controls of the page.
        shown: The panel of samples.
        store: Files of this panel.
        name: Name of saved files, without their ending.
        uploads: Folder of uploaded files.
    """
    gr.Markdown("### Translate one picture\nClick an example, or upload a picture, which is cropped to a square.")
    upload = gr.UploadButton("Upload a picture", file_types=["image"], elem_id="upload")
    image = picture("Input, output, and the target if it is known", "translation")
    save = gr.DownloadButton("Save as PNG", elem_id="save-translation")

    @show_errors
    def first(seed: int, count: int, label: int, truncation: float) -> tuple[str, str]:
        return select(0, seed, count, label, truncation)

    def select(index: int, seed: int, count: int, label: int, truncation: float) -> tuple[str, str]:
        drawing = studio.example(controls.request(seed, count, label, truncation), index)
        file = store.put_png(drawing, f"{name}-translated")
        return file, file

    @show_errors
    def uploaded(path: str, seed: int, count: int, label: int, truncation: float) -> tuple[str, str]:
        if not Path(path).resolve().is_relative_to(uploads.resolve()):
            raise GanzooError("this file was not uploaded.")
        drawing = studio.uploaded(controls.request(seed, count, label, truncation), Path(path))
        file = store.put_png(drawing, f"{name}-translated")
        return file, file

    shown.on_click(select, [], [image, save])
    upload.upload(uploaded, [upload, *controls.inputs], [image, save], **EVENT)
    shown.then(first, controls.inputs, [image, save])


def integer(number: int | None) -> int:
    """Return the number in a field.

    Args:
        number: The number, or None if the field is empty.

    Returns:
        The number.

    Raises:
        GanzooError: The field is empty.
    """
    if number is None:
        raise GanzooError("a field is empty: enter a whole number.")
    return int(number)
