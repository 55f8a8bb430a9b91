"""Pictures embedded in a report, and the sample grids of a run, reduced to what a page can hold."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from ganzoo.utils import regular
from ganzoo.visualization import gif, timelapse

STEPS = 40  # grids of a run at most
LARGEST = 900  # pixels of a side
BUDGET = 5_000_000  # bytes, about, of the embedded grids of a run
TOTAL = 15_000_000  # bytes, about, of the grids of all runs of a page
LINES = 24  # of a text of samples
PRINTED = 3  # grids on paper, where there is no slider
WIDTH = 320  # pixels, about, at which small grids are shown, in whole multiples
WIDE = 1.9  # ratio of width to height above which a picture has its own row


@dataclass(frozen=True)
class Picture:
    """An embedded picture.

    Args:
        address: A data: address with the content.
        width: Pixels at which it is shown.
        height: Likewise.
    """

    address: str
    width: int
    height: int

    @property
    def wide(self) -> bool:
        """Return True when the picture needs its own row."""
        return self.width > WIDE * self.height


@dataclass(frozen=True)
class Frame:
    """The samples of a step, as a picture or as lines of text.

    Args:
        step: The step.
        picture: The sample grid, if samples are not token ids.
        text: The samples, if they are token ids.
        printed: Show the frame on paper too.
    """

    step: int
    picture: Picture | None = None
    text: str = ""
    printed: bool = False


def embedded(picture: Image.Image, width: int = 0) -> Picture:
    """Embed a picture as PNG, reduced to LARGEST pixels a side.

    Args:
        picture: The picture.
        width: Show it in the whole multiple of its size that is nearest to this width.

    Returns:
        The embedded picture.
    """
    small = gif.reduced(picture, LARGEST)
    content = io.BytesIO()
    small.save(content, "PNG", optimize=True)
    scale = max(1, round(width / small.width))
    address = "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
    return Picture(address, scale * small.width, scale * small.height)


def read(path: Path, width: int = 0) -> Picture | None:
    """Embed a picture from a file.

    Args:
        path: The file.
        width: As for embedded().

    Returns:
        The embedded picture, or None if the file cannot be read as one, or is a link.
    """
    try:
        with regular.open_file(path) as file, Image.open(file) as opened:
            return embedded(opened.copy(), width)
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def frames(samples: Path, budget: int = BUDGET) -> list[Frame]:
    """Embed the sample grids of a run, or its texts if there are no grids.

    Args:
        samples: The run's folder of samples.
        budget: Bytes of all grids, about.

    Returns:
        At most STEPS frames, evenly spaced; fewer of large grids.
    """
    grids = timelapse.grids(samples)
    if not grids:
        return _marked([_text(step, path) for step, path in timelapse.thinned(timelapse.grids(samples, "txt"), STEPS)])
    ends = read(grids[0][1]), read(grids[-1][1])
    largest = max(len(picture.address) if picture else 1 for picture in ends)
    most = max(PRINTED, min(STEPS, budget // largest))
    readable = [Frame(step, read(path, WIDTH)) for step, path in timelapse.thinned(grids, most)]
    return _marked([frame for frame in readable if frame.picture])


def panels(samples: Path) -> list[tuple[str, Picture]]:
    """Return the last picture of each further series, such as reconstructions, with the name of the series."""
    last: dict[str, Path] = {}
    for path in sorted(samples.glob("*-step-*.png")):
        last[path.stem.rpartition("-step-")[0]] = path
    return [(name, picture) for name, path in last.items() if (picture := read(path, WIDTH))]


def read_lines(path: Path) -> list[str]:
    """Return the first LINES lines of a text; none if it is missing, or a link."""
    try:
        return regular.read(path).decode(errors="replace").splitlines()[:LINES]
    except OSError:
        return []


def _text(step: int, path: Path) -> Frame:
    return Frame(step, text="\n".join(line[:200] for line in read_lines(path)))


def _marked(frames: list[Frame]) -> list[Frame]:
    """Return the frames with a few marked for printing."""
    on_paper = set(gif.evenly_spaced(len(frames), PRINTED))
    return [replace(frame, printed=k in on_paper) for k, frame in enumerate(frames)]
