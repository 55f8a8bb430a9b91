"""A headless Chromium for tests of pages, controlled by its DevTools protocol over two pipes, without a driver."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--proxy-server=127.0.0.1:9", "--remote-debugging-pipe"),  # no request leaves this machine
)
LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 30) for end in sys.argv[1:3]]  # above 3 and 4, which are assigned next
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
TIMEOUT = 60.0  # seconds for one answer


class Page:
    """One tab.

    Attributes:
        requests: Requested addresses.
        errors: Errors in the console.
    """

    def __init__(self, write: int, read: int):
        self._write = write
        self._read = read
        self._buffer = b""
        self._last = 0
        self._session = ""
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def open(self, page: Path, width: int, height: int = 900, dark: bool = False) -> None:
        """Open a file in a window of this width in CSS pixels; a width below 600 simulates a phone."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.requests.clear()
        self.errors.clear()
        self.call("Page.navigate", url=page.absolute().as_uri())
        while self.ask("document.readyState") != "complete":
            time.sleep(0.05)

    def ask(self, expression: str) -> Any:
        """Return the value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, path: Path, whole: bool = False) -> Path:
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))
        return path

    def pdf(self, path: Path) -> Path:
        path.write_bytes(base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"]))
        return path

    def _next(self) -> dict[str, Any]:
        """Return the next answer, and record the events before it."""
        while True:
            while b"\0" not in self._buffer:
                assert select.select([self._read], [], [], TIMEOUT)[0], "the browser does not answer"
                read = os.read(self._read, 1 << 20)
                assert read, "the browser has ended"
                self._buffer += read
            line, _, rest = self._buffer.partition(b"\0")
            self._buffer = rest
            message = json.loads(line)
            if message.get("method") == "Network.requestWillBeSent":
                self.requests.append(message["params"]["request"]["url"])
            elif message.get("method") == "Log.entryAdded":
                self.errors.append(message["params"]["entry"]["text"])
            elif message.get("method") == "Runtime.exceptionThrown":
                self.errors.append(str(message["params"]["exceptionDetails"]))
            elif "id" in message:
                return message


@contextlib.contextmanager
def browser() -> Iterator[Page]:
    """Start a browser with a temporary profile, and stop it after the block."""
    (their_in, write), (read, their_out) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        words = [sys.executable, "-c", LAUNCH, str(their_in), str(their_out)]
        process = subprocess.Popen(
            [*words, PROGRAM, *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(their_in, their_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": profile},
        )
        try:
            os.close(their_in)
            os.close(their_out)
            yield Page(write, read)
        finally:
            process.terminate()
            process.wait(30)
            os.close(write)
            os.close(read)
