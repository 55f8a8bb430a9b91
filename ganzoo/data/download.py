"""Download of one file by http or https, or from Google Drive. Redirects from https to http are refused."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ganzoo.errors import SetupError

BLOCK = 2**18
TIMEOUT = 30.0  # seconds without a byte
PARTIAL, NO_SUCH_PART = 206, 416  # status of an answer that has a part of the file, and that has none

Progress = Callable[[int, int | None], None]
"""Callback for each block received: (bytes so far, total bytes or None when the server does not say)."""


def download(url: str, path: Path, progress: Progress) -> None:
    """Download a file, or the rest of it.

    Args:
        url: Address of the file.
        path: File to write to. What is there already counts as the beginning, and is replaced where the server sends
            no parts of files.
        progress: Callback for each block received.

    Raises:
        OSError: The server cannot be reached or refuses, or the file cannot be written.
        http.client.HTTPException: The answer is no valid HTTP.
        ValueError: The download was cut off, redirected from https to http, or refused by Google Drive.
        SetupError: The disk is too small, or gdown is needed and not installed.
    """
    if urllib.parse.urlsplit(url).hostname == "drive.google.com":
        _from_google_drive(url, path)
        return
    there = path.stat().st_size if path.is_file() else 0
    try:
        answer = _answer(url, there)
    except urllib.error.HTTPError as error:
        if error.code != NO_SUCH_PART:
            raise
        there, answer = 0, _answer(url, 0)
    with answer:
        continued = answer.status == PARTIAL and answer.headers.get("Content-Range", "").startswith(f"bytes {there}-")
        with path.open("ab" if continued else "wb") as file:
            _copy(answer, file, there if continued else 0, progress)


def _answer(url: str, start: int) -> Any:
    """Ask for a file from this byte on."""
    headers = {"Range": f"bytes={start}-"} if start else {}
    return _OPENER.open(urllib.request.Request(url, headers=headers), timeout=TIMEOUT)


def _copy(answer: Any, file: IO[bytes], done: int, progress: Progress) -> None:
    """Write an answer to a file that has `done` bytes already."""
    length = answer.headers.get("Content-Length")
    total = done + int(length) if length else None
    if total and total - done > (free := shutil.disk_usage(Path(file.name).parent).free):
        raise SetupError(f"{file.name} needs {total - done:,} bytes and the disk has {free:,}: make room.")
    while block := answer.read(BLOCK):
        file.write(block)
        done += len(block)
        progress(done, total)
    if total and done < total:
        raise ValueError(f"cut off after {done:,} of {total:,} bytes")


def _from_google_drive(url: str, path: Path) -> None:
    """Download with gdown, which passes the confirmation page of large files."""
    try:
        import gdown
    except ImportError:
        raise SetupError("fetching from Google Drive needs gdown: pip install 'ganzoo-torch[gdown]'") from None
    try:
        gdown.download(url, str(path), quiet=True)
    except Exception as error:  # gdown's errors share no base class from version to version
        raise ValueError(f"Google Drive refused: {str(error).strip().partition(chr(10))[0]}") from error
    if not path.exists():
        raise ValueError("Google Drive refused; its daily quota for this file may be used up, try again tomorrow")


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """A redirect handler that refuses to go from https to http."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https://") and not newurl.startswith("https://"):
            raise ValueError(f"redirects from https to {newurl}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_NoDowngrade)
