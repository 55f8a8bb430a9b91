"""Pictures inside the page, as data; and the grids of a run, as many as a page can bear."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ganzoo.visualization import gif, timelapse

STEPS = 40  # grids of one run at most
LARGEST = 900  # pixels of a side
BUDGET = 5_000_000  # bytes of the grids of one run, about, as a page holds them
TOTAL = 15_000_000  # of all runs in a page
LINES = 24  # of a text of samples
PRINTED = 3  # grids on paper, where there is no slider
SEEN = 320  # pixels of the width that small grids are brought near to, in whole multiples
WIDE = 1.9  # times as wide as high: gets a row of its own


@dataclass(frozen=True)
class Picture:
    """A picture as a data: address, with the size it is meant to be seen at."""

    address: str
    width: int
    height: int

    @property
    def wide(self) -> bool:
        return self.width > WIDE * self.height


@dataclass(frozen=True)
class Frame:
    """What was drawn at a step: a picture, or lines of text."""

    step: int
    picture: Picture | None = None
    text: str = ""
    printed: bool = False


def embedded(picture: Image.Image, at_least: int = 0) -> Picture:
    """A picture of at most LARGEST pixels a side; seen larger, in the whole multiple that is nearest to this."""
    small = gif.fitted(picture, LARGEST)
    packed = io.BytesIO()
    small.save(packed, "PNG", optimize=True)
    times = max(1, round(at_least / small.width))
    address = "data:image/png;base64," + base64.b64encode(packed.getvalue()).decode()
    return Picture(address, times * small.width, times * small.height)


def read(path: Path, at_least: int = 0) -> Picture | None:
    """A picture from a file; None for a file that is none."""
    try:
        with Image.open(path) as opened:
            return embedded(opened.copy(), at_least)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def frames(samples: Path, budget: int = BUDGET) -> list[Frame]:
    """The grids of a run's folder of samples, evenly chosen, or its texts; fewer of large ones."""
    found, most = timelapse.grids(samples), STEPS
    if not found:
        return _printed([_text(step, path) for step, path in timelapse.chosen(timelapse.grids(samples, "txt"), most)])
    largest = max(len(ends.address) if ends else 1 for ends in (read(found[0][1]), read(found[-1][1])))
    most = max(PRINTED, min(most, budget // largest))
    made = [Frame(step, read(path, SEEN)) for step, path in timelapse.chosen(found, most)]
    return _printed([frame for frame in made if frame.picture])


def panels(samples: Path) -> list[tuple[str, Picture]]:
    """The last of each further series of pictures, such as reconstructions, by its name."""
    last: dict[str, Path] = {}
    for path in sorted(samples.glob("*-step-*.png")):
        last[path.stem.rpartition("-step-")[0]] = path
    return [(name, picture) for name, path in last.items() if (picture := read(path, SEEN))]


def _text(step: int, path: Path) -> Frame:
    lines = path.read_text(errors="replace").splitlines()
    return Frame(step, text="\n".join(line[:200] for line in lines[:LINES]))


def _printed(frames: list[Frame]) -> list[Frame]:
    """The same, with a few marked that are to be on paper."""
    on_paper = set(gif.evenly(len(frames), PRINTED))
    return [Frame(one.step, one.picture, one.text, k in on_paper) for k, one in enumerate(frames)]
