"""`ganzoo timelapse`: from the files of a run folder alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from ganzoo.visualization import gif
from helpers.commands import ganzoo, shell


def a_run(folder: Path, steps: range) -> Path:
    (folder / "samples").mkdir(parents=True)
    (folder / "resolved.json").write_text("{}")
    for step in steps:
        Image.new("L", (100, 40), min(step, 255)).save(folder / f"samples/step-{step:08d}.png")
    Image.new("L", (100, 40)).save(folder / "samples/code-step-00000000.png")  # of another series
    return folder


def test_every_grid_with_its_step_and_a_hold_on_the_last(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "run", range(0, 250, 50))
    assert ganzoo("timelapse", str(tmp_path)).stdout == f"{folder / 'timelapse.gif'}\n"
    with Image.open(folder / "timelapse.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["loop"]) == (5, (100, 60), 0)
        assert gif.info["duration"] == 120
        shades = []
        for k in range(5):
            gif.seek(k)
            shades.append(gif.convert("L").getpixel((50, 50)))
            assert gif.convert("L").crop((0, 0, 90, 17)).getextrema()[0] < 100  # something is written
        assert shades == [0, 50, 100, 150, 200]
        assert gif.info["duration"] == 2120


def test_grids_side_by_side(tmp_path: Path) -> None:
    """Four of them, evenly spaced, or those that are asked for: shades in order, 8 white pixels between two grids."""
    folder = a_run(tmp_path / "run", range(0, 240, 10))
    out = tmp_path / "progress.png"
    for steps, shades in (((), [0, 80, 150, 230]), ((30, 10), [30, 10])):
        chosen = [word for step in steps for word in ("--step", str(step))]
        assert ganzoo("timelapse", str(folder), "--out", str(out), "--force", *chosen).stdout == f"{out}\n"
        with Image.open(out) as picture:
            assert picture.size == (108 * len(shades) - 8, 60)
            assert [picture.convert("L").getpixel((108 * k + 50, 50)) for k in range(len(shades))] == shades
            assert picture.convert("L").getpixel((103, 50)) == 255


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "a.png", "--step", "7"], "no grid of step 7. There are grids of steps 0, 10, 20, among others."),
        (["--step", "10"], "--step chooses the grids of a picture: add --out progress.png."),
        (["--out", "a.avi"], "end it in .gif or .mp4 for an animation, or in .png for a picture."),
    ],
)
def test_a_picture_that_cannot_be_made(words: list[str], message: str, tmp_path: Path) -> None:
    result = ganzoo("timelapse", str(a_run(tmp_path / "run", range(0, 30, 10))), *words)
    assert result.exit_code in (2, 5) and message in result.stderr


def test_a_video_holds_its_last_grid_for_two_seconds(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    target = tmp_path / "a.mp4"
    assert ganzoo("timelapse", str(a_run(tmp_path / "run", range(3))), "--out", str(target)).stdout == f"{target}\n"
    with av.open(str(target)) as video:
        frames = [*video.decode(video=0)]
    assert len(frames) == 3 + 17  # of 120 ms each
    assert (frames[0].width, frames[0].height) == (4 * 100, 4 * 60)


def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    done = shell("timelapse", str(a_run(tmp_path / "run", range(3))), "--out", str(tmp_path / "a.gif"))
    assert done.returncode == 0 and done.stderr.splitlines()[-1] == "imported:"


def test_its_size_is_bounded(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "run", range(200))
    Image.new("RGB", (3000, 1500), "red").save(folder / "samples/step-00000199.png")
    assert ganzoo("timelapse", str(folder)).exit_code == 0
    with Image.open(folder / "timelapse.gif") as gif:
        assert gif.n_frames == 120
        assert gif.size == (980, 510)


def test_evenly_spaced_numbers() -> None:
    assert gif.evenly_spaced(3, 5) == [0, 1, 2]
    assert gif.evenly_spaced(9, 3) == [0, 4, 8]
    assert gif.evenly_spaced(9, 1) == [8]
    assert gif.evenly_spaced(0, 4) == []


@pytest.mark.parametrize(
    ("prepare", "words", "code", "message"),
    [
        (range(2), ("--out", "a.avi"), 2, "end it in .gif"),
        (range(0), (), 5, "no grids samples/step-*.png"),
        (None, (), 5, "not a run folder"),
    ],
)
def test_what_cannot_be_animated(
    prepare: range | None, words: tuple[str, ...], code: int, message: str, tmp_path: Path
) -> None:
    folder = a_run(tmp_path / "run", prepare) if prepare is not None else tmp_path
    result = ganzoo("timelapse", str(folder), *words)
    assert result.exit_code == code and message in result.stderr


def test_a_damaged_grid_is_named(tmp_path: Path) -> None:
    folder = a_run(tmp_path / "run", range(3))
    (folder / "samples/step-00000001.png").write_bytes(b"no picture")
    result = ganzoo("timelapse", str(folder))
    assert result.exit_code == 5 and "step-00000001.png: cannot be read" in result.stderr
