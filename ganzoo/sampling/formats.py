"""The formats of samples: each is written while samples are drawn, and never held in memory as a whole."""

from __future__ import annotations

import re
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch
from numpy.lib import format as npy
from torch import Tensor

from ganzoo.sampling import tokens
from ganzoo.utils.output import SAMPLE, Output
from ganzoo.visualization import grid
from ganzoo.visualization.png import PngWriter, to_png

NAME = 100  # bytes of a class name in the name of a file
COPIED = 2**20  # bytes copied at a time


@dataclass(frozen=True)
class Layout:
    """Number and arrangement of samples in a file, and names for them.

    Attributes:
        n: Number of samples in all.
        columns: Columns of a grid.
        words: Text of each token id.
        class_names: Names of the classes, for the names of files.
    """

    n: int
    columns: int = 8
    words: Sequence[str] = ()
    class_names: Sequence[str] = ()


class SampleWriter(ABC):
    """Writes samples in one format; see writer.writing().

    Args:
        target: The file, or the folder.
        layout: Number and arrangement of the samples.
    """

    def __init__(self, target: Output, layout: Layout):
        self.output = target
        self.layout = layout
        self.written = 0

    @property
    def path(self) -> Path:
        """The path of the file or folder; after the block of writer.writing(), the one under which it was written."""
        return self.output.path

    def write(self, samples: Tensor, y: Tensor | None = None, inputs: Tensor | None = None) -> None:
        """Write the next samples.

        Args:
            samples: Samples (N, *shape).
            y: Labels (N,), or None; of all samples or of none.
            inputs: Inputs (N, *shape) of a translator, which an .npz contains too.

        Raises:
            ValueError: They do not fit the format.
            OSError: They cannot be written.
        """
        self._write(samples.detach().cpu(), y, inputs)
        self.written += len(samples)

    @abstractmethod
    def _write(self, samples: Tensor, y: Tensor | None, inputs: Tensor | None) -> None: ...

    def finish(self) -> None:
        """Write what comes after the last sample."""
        return

    def close(self) -> None:
        """Close the files, also after an error."""
        return


class GridWriter(SampleWriter):
    """A PNG file: images row by row; other samples are plotted together at the end."""

    _png: PngWriter | None = None

    def __init__(self, target: Output, layout: Layout):
        super().__init__(target, layout)
        self._file = target.partial.open("wb")
        self._columns = min(layout.columns, layout.n)
        self._waiting: list[Tensor] = []  # samples of a row that is not complete, or points of the plot

    def _write(self, samples: Tensor, y: Tensor | None, inputs: Tensor | None) -> None:
        grid.check(samples)
        self._waiting.append(samples)
        if samples.dim() != 4:
            return
        if self._png is None:
            self._png = self._begin(samples)
        waiting = torch.cat(self._waiting)
        whole = len(waiting) // self._columns * self._columns
        self._draw(self._png, waiting[:whole])
        self._waiting = [waiting[whole:].clone()]

    def _begin(self, samples: Tensor) -> PngWriter:
        _, c, h, w = samples.shape
        channels, rows = 3 if c == 3 else 1, -(-self.layout.n // self._columns)
        width, height = self._columns * (w + grid.PAD) + grid.PAD, rows * (h + grid.PAD) + grid.PAD
        png = PngWriter(self._file, width, height, channels)
        png.write(np.zeros((grid.PAD, width, channels), dtype=np.uint8))
        return png

    def _draw(self, png: PngWriter, images: Tensor) -> None:
        for row in images.split(self._columns) if len(images) else ():
            png.write(grid.row(row, self._columns))

    def finish(self) -> None:
        if self._png is None:
            self._file.write(to_png(grid.picture(torch.cat(self._waiting))))
        else:
            self._draw(self._png, torch.cat(self._waiting))
            self._png.close()
        self._file.close()

    def close(self) -> None:
        with suppress(OSError):
            self._file.close()


class TextWriter(SampleWriter):
    """A text file with one line for each sample of token ids."""

    def _write(self, samples: Tensor, y: Tensor | None, inputs: Tensor | None) -> None:
        tokens.check(samples)
        with self.output.partial.open("ab") as file:
            file.write("".join(f"{line}\n" for line in tokens.lines(samples, self.layout.words)).encode())


class ArraysWriter(SampleWriter):
    """An .npz file.

    `images` and `inputs` are uint8 (N, H, W, C), or unchanged when they are no images. `labels` are int64 (N,), -1
    without labels. `words` are the texts of the token ids.
    """

    _images: IO[bytes] | None = None
    _spool: IO[bytes] | None = None  # holds the inputs while the images are written
    _last_inputs: np.ndarray | None = None

    def __init__(self, target: Output, layout: Layout):
        super().__init__(target, layout)
        self._zip = zipfile.ZipFile(target.partial, "w", zipfile.ZIP_DEFLATED)
        self._labels: list[np.ndarray] = []
        self._open = ExitStack()

    def _write(self, samples: Tensor, y: Tensor | None, inputs: Tensor | None) -> None:
        images = _array(samples)
        if self._images is None:
            self._images = self._zip.open("images.npy", "w", force_zip64=True)
            _write_header(self._images, self.layout.n, images)
        self._images.write(images.tobytes())
        labels = y if y is not None else torch.full((len(samples),), -1)
        self._labels.append(labels.cpu().numpy().astype(np.int64))
        if inputs is not None:
            self._last_inputs = _array(inputs)
            if self._spool is None:
                spool = tempfile.TemporaryFile(dir=self.output.partial.parent)  # noqa: SIM115  # closed with the others
                self._spool = self._open.enter_context(spool)
            self._spool.write(self._last_inputs.tobytes())

    def finish(self) -> None:
        assert self._images is not None, "no samples were written"
        self._images.close()
        self._add("labels", np.concatenate(self._labels))
        if self._spool and self._last_inputs is not None:
            self._spool.seek(0)
            with self._zip.open("inputs.npy", "w", force_zip64=True) as member:
                _write_header(member, self.layout.n, self._last_inputs)
                while content := self._spool.read(COPIED):
                    member.write(content)
        if self.layout.words:
            self._add("words", np.array(self.layout.words, dtype=np.str_))
        self._zip.close()

    def close(self) -> None:
        for file in (self._open, self._images, self._zip):
            with suppress(OSError, ValueError):
                if file is not None:
                    file.close()

    def _add(self, name: str, array: np.ndarray) -> None:
        with self._zip.open(f"{name}.npy", "w", force_zip64=True) as member:
            npy.write_array(member, array, allow_pickle=False)


class FolderWriter(SampleWriter):
    """A folder with one PNG file for each sample, named by its number and its class."""

    def __init__(self, target: Output, layout: Layout):
        super().__init__(target, layout)
        self._names = file_names(layout.class_names)

    def _write(self, samples: Tensor, y: Tensor | None, inputs: Tensor | None) -> None:
        if samples.dim() != 4 or samples.shape[1] not in (1, 3):
            raise ValueError(f"samples of shape {tuple(samples.shape[1:])} are not images")
        grid.check(samples)
        for i, image in enumerate(grid.to_uint8(samples), self.written):
            suffix = "" if y is None else f"-{self._name(int(y[i - self.written]))}"
            content = to_png(grid.to_image(image), SAMPLE)
            (self.output.partial / f"{i:06d}{suffix}.png").write_bytes(content)

    def _name(self, label: int) -> str:
        return self._names[label] if label < len(self._names) else str(label)


WRITERS: dict[str, type[SampleWriter]] = {
    ".png": GridWriter,
    ".npz": ArraysWriter,
    ".txt": TextWriter,
    "": FolderWriter,
}


def file_names(class_names: Sequence[str]) -> list[str]:
    """Return class names as parts of file names: letters, digits and "._-"; with the index where two look alike."""
    plain = [re.sub(r"[^\w.-]+", "_", name).encode()[:NAME].decode(errors="ignore") for name in class_names]
    alike = {name for name in plain if not name or plain.count(name) > 1}
    return [f"{name}-{i}" if name in alike else name for i, name in enumerate(plain)]


def _array(samples: Tensor) -> np.ndarray:
    images = grid.to_uint8(samples).permute(0, 2, 3, 1) if samples.dim() == 4 else samples  # -> (N, H, W, C)
    return images.detach().cpu().contiguous().numpy()


def _write_header(file: IO[bytes], n: int, array: np.ndarray) -> None:
    """Write the header of an array of n rows such as those of `array`."""
    shape = (n, *array.shape[1:])
    npy.write_array_header_1_0(file, {"descr": npy.dtype_to_descr(array.dtype), "fortran_order": False, "shape": shape})
