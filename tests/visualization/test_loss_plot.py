"""The plot of the losses, losses.png."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageDraw

from ganzoo.visualization import loss_plot
from ganzoo.visualization.axes import MARGIN


def plot(rows: list[dict[str, Any]], folder: Path) -> np.ndarray:
    loss_plot.draw(rows, folder / "losses.png")
    with Image.open(folder / "losses.png") as opened:
        return np.asarray(opened)


def places(pixels: np.ndarray, colour: str) -> np.ndarray:
    """(row, column) of every pixel of this colour inside the frame."""
    margin = loss_plot.MARGIN
    inside = pixels[margin - 2 : -margin + 2, margin - 2 : -margin + 2]
    return np.argwhere((inside == ImageColor.getrgb(colour)).all(-1)) + margin - 2


def test_a_curve_goes_from_its_first_value_to_its_last(tmp_path: Path) -> None:
    rows = [{"step": t, "generator/adversarial": float(t)} for t in range(0, 101, 10)]
    pixels = plot(rows, tmp_path)
    assert pixels.shape == (loss_plot.HEIGHT, loss_plot.WIDTH, 3)
    curve = places(pixels, loss_plot.COLOURS[0])
    left, right = curve[curve[:, 1].argmin()], curve[curve[:, 1].argmax()]
    height = loss_plot.HEIGHT - 2 * loss_plot.MARGIN
    room = height * MARGIN / (1 + 2 * MARGIN)
    assert left == pytest.approx([loss_plot.MARGIN + height - room, loss_plot.MARGIN], abs=2)
    assert right == pytest.approx([loss_plot.MARGIN + room, loss_plot.WIDTH - loss_plot.MARGIN], abs=2)


def test_every_term_has_a_colour_and_other_numbers_have_none(tmp_path: Path) -> None:
    others = {"real": 5.0, "gradient/a": 1e6, "samples/diversity": 50.0, "data/nll": 9.0, "images_per_second": 1e6}
    row = {"a/one": 1.0, "b/two": 2.0, **others}
    pixels = plot([{"step": 1, **row}, {"step": 2, **row}], tmp_path)
    assert len(places(pixels, loss_plot.COLOURS[0])) and len(places(pixels, loss_plot.COLOURS[1]))
    assert not len(places(pixels, loss_plot.COLOURS[2]))


def test_a_term_that_came_later_is_drawn_from_there(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"step": t, "a/one": 1.0} for t in range(4)]
    rows += [{"step": t, "a/one": 1.0, "a/lazy": 0.0} for t in range(4, 9)]
    curve = places(plot(rows, tmp_path), loss_plot.COLOURS[1])
    assert curve[:, 1].min() > loss_plot.WIDTH / 2 - 10


@pytest.mark.parametrize("rows", [[], [{"step": 1, "a/one": 1.0}], [{"step": 1}, {"step": 2}]])
def test_nothing_is_drawn_where_there_is_no_curve(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    loss_plot.draw(rows, tmp_path / "losses.png")
    assert not list(tmp_path.iterdir())


def test_constant_values_have_a_picture(tmp_path: Path) -> None:
    assert len(places(plot([{"step": t, "a/one": 3.0} for t in (1, 2)], tmp_path), loss_plot.COLOURS[0]))


@pytest.mark.parametrize("n", [600, 601, 1199, 5000])
def test_a_long_run_is_thinned_out(n: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "line", lambda self, places, **more: lengths.append(len(places)))
    loss_plot.draw([{"step": t, "a/one": float(t % 7)} for t in range(n)], tmp_path / "losses.png")
    assert loss_plot.POINTS / 2 <= max(lengths) <= loss_plot.POINTS


def test_a_long_curve_is_its_running_mean_and_its_values_are_pale(tmp_path: Path) -> None:
    """Values that jump between -1 and 1 are drawn pale up to both; the strong line stays near their mean."""
    rows = [{"step": t, "a/one": float(1 - 2 * (t % 2))} for t in range(200)]
    pixels = plot(rows, tmp_path)
    strong = places(pixels, loss_plot.COLOURS[0])[:, 0]
    pale = np.argwhere((pixels == [188, 214, 232]).all(-1))[:, 0]  # 70 % of white in #1f77b4, by hand
    middle, reach = loss_plot.HEIGHT / 2, loss_plot.HEIGHT / 2 - loss_plot.MARGIN
    inner = np.quantile(strong, [0.1, 0.9])  # without the ends, where fewer values are averaged
    assert np.abs(inner - middle).max() < 0.15 * reach
    assert pale.min() < middle - 0.8 * reach and pale.max() > middle + 0.8 * reach


def test_the_running_mean_by_hand() -> None:
    curve = [(float(t), float(t * t)) for t in range(30)]
    smoothed = loss_plot.smooth(curve)
    assert [step for step, _ in smoothed] == [step for step, _ in curve]
    assert smoothed[0] == curve[0] and smoothed[-1] == curve[-1]
    assert smoothed[1][1] == pytest.approx((0 + 1 + 4) / 3)
    assert smoothed[15][1] == pytest.approx(sum(t * t for t in range(8, 23)) / 15)


def test_the_axes_have_names_and_the_plot_a_title(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts: list[str] = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "text", lambda self, place, text, **more: texts.append(text))
    loss_plot.draw([{"step": t, "a/one": float(t)} for t in range(100)], tmp_path / "losses.png")
    assert {"step", "loss", "a/one", "Losses: single batches (pale), and the mean of 15 logged ones"} <= set(texts)
    texts.clear()
    loss_plot.draw([{"step": t, "a/one": float(t)} for t in range(10)], tmp_path / "losses.png")
    assert "Losses" in texts
