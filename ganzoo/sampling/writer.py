"""Writes samples to a PNG grid, a text file, an .npz file, or a folder of PNGs, while they are drawn.

No file is ever held in memory as a whole, and none exists under its name before it is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from torch import Tensor

from ganzoo.errors import GanzooError
from ganzoo.sampling import preview
from ganzoo.sampling.formats import WRITERS, Layout, SampleWriter
from ganzoo.utils import output


@contextmanager
def writing(target: Path, layout: Layout, force: bool = False) -> Iterator[SampleWriter]:
    """Open a file or folder of samples, in the format that its suffix names.

    Args:
        target: A .png for a grid, a .txt for token ids, an .npz for arrays, or a folder for one PNG per sample.
        layout: Number and arrangement of the samples.
        force: Replace an existing file.

    Yields:
        The writer. The file gets its name when the block ends, and none when the block raises.

    Raises:
        GanzooError: The suffix is unknown, the target exists, or cannot be written.
    """
    kind = suffix(target)
    with output.new_file(target, force) if kind else output.new_folder(target) as place:
        try:
            with closing(WRITERS[kind](place, layout)) as writer:
                yield writer
                writer.finish()
        except OSError as error:
            raise output.unwritable(target, error) from error
        except ValueError as error:
            raise GanzooError(f"{target}: {error}. Write an .npz instead: --out samples.npz") from error


def suffix(target: Path) -> str:
    """Return the suffix that selects the format.

    Args:
        target: A file or a folder.

    Returns:
        The suffix in lower case; "" for a folder.

    Raises:
        GanzooError: There is no such format.
    """
    kind = "" if target.is_dir() else target.suffix.lower()
    if kind in WRITERS:
        return kind
    raise GanzooError(
        f"{target}: end it in .png for a grid or .npz for arrays, .txt for the text of token ids, or give a folder "
        "without an ending."
    )


def save(
    samples: Tensor,
    y: Tensor | None,
    target: Path,
    columns: int,
    words: Sequence[str] = (),
    inputs: Tensor | None = None,
    class_names: Sequence[str] = (),
    force: bool = False,
) -> Path:
    """Write samples that are there already.

    Args:
        samples: Samples (N, *shape).
        y: Labels (N,), or None.
        target: The file or folder, as for writing().
        columns: Columns of a grid.
        words: Text of each token id.
        inputs: Inputs (N, *shape) of a translator.
        class_names: Names of the classes.
        force: Replace an existing file.

    Returns:
        The file or folder.

    Raises:
        GanzooError: As for writing().
    """
    with writing(target, Layout(len(samples), columns, words, class_names), force) as writer:
        writer.write(samples, y, inputs)
    return writer.path


def columns(n: int, classes: int) -> int:
    """Return the columns of a grid of n samples: one for each of several classes, as for a square of none or many."""
    return classes if 1 < classes <= preview.MOST_CLASSES else max(1, round(n**0.5))
