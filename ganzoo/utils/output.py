"""Files and folders that a command writes for the user. Nothing that exists is replaced, added to or mixed with."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import GanzooError
from ganzoo.utils import atomic

OWNER = "ganzoo"  # in pictures of samples, by which they are told from data: text of a PNG, comment of a GIF
GRID = "Software"  # name of the text in grids and plots
SAMPLE = "Source"  # name of the text in files of one sample
_HEADER = 1024  # bytes at the beginning of a file, which hold the mark


def is_own_output(path: Path) -> bool:
    """Tell whether ganzoo wrote a file or folder: a run, an export, a grid of samples, or a folder of samples alone.

    A dataset of files leaves these out where they lie below its folder.

    Args:
        path: A file or folder.

    Returns:
        True for an output of ganzoo.
    """
    try:
        if not path.is_dir():
            return _is_marked(path, GRID)
        is_run = (path / "status.json").is_file() and (path / "checkpoints").is_dir()
        is_export = (path / "config.json").is_file() and (path / "manifest.json").is_file()
        return is_run or is_export or _holds_samples_alone(path)
    except OSError:  # whoever lists or reads it says what is wrong
        return False


def _holds_samples_alone(folder: Path) -> bool:
    files = [file for file in folder.iterdir() if not file.name.startswith(".")]
    return bool(files) and all(_is_marked(file, SAMPLE) for file in files)


def _is_marked(file: Path, name: str) -> bool:
    marks = {".png": f"tEXt{name}\0{OWNER}".encode()}
    if name == GRID:
        marks[".gif"] = b"\x21\xfe" + bytes([len(OWNER)]) + OWNER.encode()
    mark = marks.get(file.suffix.lower())
    if mark is None or not file.is_file():  # a pipe would be waited for
        return False
    with file.open("rb") as opened:
        return mark in opened.read(_HEADER)


def unused(path: Path) -> Path:
    """Return the path itself, or with -2, -3, ... before its suffix the first that does not exist."""
    candidate, number = path, 2
    while os.path.lexists(candidate):
        candidate, number = path.with_stem(f"{path.stem}-{number}"), number + 1
    return candidate


def file_of(asked: Path | None, default: Path, force: bool = False) -> Path:
    """Return the file to write: the one that was asked for, or else the first unused name of the default.

    Args:
        asked: The value of --out; None when it was not given.
        default: The file to write then; an existing one is kept, and another name is taken.
        force: The user said that an existing file may be replaced.

    Returns:
        The file.

    Raises:
        GanzooError: The file that was asked for exists.
    """
    if asked is None:
        return default if force and default.is_file() else unused(default)
    if asked.is_dir():
        raise GanzooError(f"{asked} is a folder, and this is written to a file. Give a file with --out.")
    if os.path.lexists(asked) and not force:
        raise GanzooError(f"{asked} exists already, and is left as it is. Give another --out, or --force.")
    return asked


def check_folder(path: Path) -> None:
    """Check that a folder is missing or empty.

    Args:
        path: The folder to write.

    Raises:
        GanzooError: It holds something, is a file, or cannot be listed.
    """
    try:
        if os.path.lexists(path) and not (path.is_dir() and not any(path.iterdir())):
            holds = "holds files already" if path.is_dir() else "is a file"
            raise GanzooError(f"{path} {holds}, and is left as it is. Give a new folder with --out.")
    except OSError as error:
        raise unwritable(path, error) from error


@dataclass
class Output:
    """A file or folder while it is written.

    Attributes:
        path: Its name; where something takes this name before it is complete, another one in the end.
        partial: Its temporary name, in the same folder.
    """

    path: Path
    partial: Path


@contextmanager
def new_file(path: Path, force: bool = False) -> Iterator[Output]:
    """Write a file under a temporary name. It gets its own when the block ends, and none when the block raises.

    Args:
        path: The file; its folder is created if necessary.
        force: Replace an existing file.

    Yields:
        The output; `partial` is an empty file.

    Raises:
        GanzooError: The file exists, or cannot be written.
    """
    file_of(path, path, force)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=atomic.PARTIAL, suffix=path.name[-50:], dir=path.parent)
        os.close(descriptor)
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from error
    output = Output(path, Path(name))
    try:
        yield output
        output.partial.chmod(0o666 & ~_umask())
        output.path = path if force else unused(path)
        output.partial.replace(output.path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        with suppress(OSError):
            output.partial.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path) -> Iterator[Output]:
    """Fill a folder under a temporary name. It gets its own when the block ends, and none when the block raises.

    Args:
        path: The folder, missing or empty; its parents are created if necessary.

    Yields:
        The output; `partial` is an empty folder.

    Raises:
        GanzooError: The folder holds something, or cannot be written.
    """
    check_folder(path)
    place = path.resolve()  # "." has no name that a prefix could be added to
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place if place.is_dir() else place.parent  # the parent of a mount point may not be ours
        output = Output(path, Path(tempfile.mkdtemp(prefix=atomic.PARTIAL, dir=beside)))
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from error
    try:
        yield output
        output.partial.chmod(0o777 & ~_umask())
        if not place.is_dir() or any(other != output.partial for other in place.iterdir()):
            output.path = path if not os.path.lexists(place) else unused(place)
            output.partial.rename(output.path.resolve())
        else:  # an empty one may be a mount point, or where the user is
            for file in output.partial.iterdir():
                shutil.move(file, place / file.name)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        shutil.rmtree(output.partial, ignore_errors=True)


def unwritable(path: Path, error: Exception) -> GanzooError:
    """Return the error for a place that cannot be written."""
    return GanzooError(f"{path}: {getattr(error, 'strerror', None) or error}. Give another place with --out.")


def _umask() -> int:
    """Return the permissions that new files do not get, without changing them."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
