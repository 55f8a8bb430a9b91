"""The server of the page, which only this machine can reach and which loads nothing from the network."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import SetupError
from ganzoo.utils.signals import END_SIGNALS

if TYPE_CHECKING:
    from ganzoo.sampling.model import Model

HOST = "127.0.0.1"
LARGEST_UPLOAD = 2**26  # bytes of a request that uploads files
LARGEST_CALL = 2**20  # bytes of any other request
DIGITS = 12  # of the length of a request
SECONDS = 60.0  # of an upload
UPLOADS = 8  # that are kept; those that are older than an hour are not
UPLOAD_ROUTES = ("/upload", "/process_recording")  # of gradio
OLDEST = 6  # major version of gradio
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]


def require() -> None:
    """Check that gradio is installed.

    Raises:
        SetupError: It is missing or too old.
    """
    installed = importlib.util.find_spec("gradio") and metadata.version("gradio")
    if not installed or int(installed.partition(".")[0]) < OLDEST:
        raise SetupError(
            f"ganzoo play requires gradio {OLDEST} or newer, and "
            f"{f'version {installed}' if installed else 'none'} is installed: pip install 'ganzoo-torch[play]'"
        )


def listen(port: int) -> socket.socket:
    """Open a socket that accepts connections from this machine.

    Args:
        port: The port; 0 for any free one.

    Returns:
        The listening socket.

    Raises:
        SetupError: The port is not available.
    """
    listener = socket.socket()
    try:
        if os.name == "posix":  # elsewhere it would allow a port that is in use
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise SetupError(
            f"port {port} of {HOST}: {error.strerror}. Take another one with --port, or --port 0 for any that is free."
        ) from error
    return listener


def serve(model: Model, path: str, port: int, browser: bool, say: Callable[[str], object]) -> None:
    """Serve the page until Ctrl-C.

    Args:
        model: The model.
        path: Run, export or Hub model that it was loaded from.
        port: The port; 0 for any free one.
        browser: Open the page in a browser.
        say: Called with a line that has the address of the page.

    Raises:
        SetupError: The port is not available.
    """
    with (
        contextlib.closing(listen(port)) as listener,
        end_on_signals(),
        tempfile.TemporaryDirectory(prefix="ganzoo-play-") as folder,
    ):
        app = _app(model, path, Path(folder))
        address = f"http://{HOST}:{listener.getsockname()[1]}/"
        say(f"{address}  (Ctrl-C ends it)")
        if browser and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        _run(app, listener)


def _app(model: Model, path: str, folder: Path) -> Any:
    """Return the page as a web application; ignore gradio's environment variables, some of which are unsafe."""
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(folder)}  # read when it is imported
    import gradio
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from ganzoo.play import page
    from ganzoo.play.studio import Studio

    blocks = page.build(Studio(model), path, folder)
    outer = FastAPI(openapi_url=None)
    outer.add_middleware(BoundedPosts, folder=folder)
    outer.add_middleware(_SecurityHeaders)
    outer.add_middleware(_OwnPageOnly)
    outer.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    app = gradio.mount_gradio_app(
        outer,
        blocks,
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        show_error=False,
        allowed_paths=[],
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=page.THEME,
        css=page.CSS,
        head=page.HEAD,
    )
    blocks.has_launched = True  # mounting does not set it, and gradio would then accept any file as uploaded
    return app


class _SecurityHeaders:
    """Adds headers to all responses that forbid the browser to load anything from elsewhere."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, with_policy)


class _OwnPageOnly:
    """Refuses requests of pages from other origins: a browser lets any page post to this server, uploads included."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        origin, host = headers.get(b"origin"), headers.get(b"host", b"")
        if origin is None or origin == b"http://" + host:
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _answer(send, 403, "The page of ganzoo play answers to itself alone.")


class BoundedPosts:
    """Bounds what is sent to the page: bytes of a request, uploads at a time, their seconds, and those that stay.

    Args:
        app: The application.
        folder: Folder with a folder for each upload; the pictures of the panels lie one level deeper.
        seconds: After which an upload is given up.
    """

    def __init__(self, app: Any, folder: Path, seconds: float = SECONDS):
        self.app = app
        self.folder = folder
        self.seconds = seconds
        self.lock = asyncio.Lock()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in ("POST", "PUT", "PATCH"):
            await self.app(scope, receive, send)
            return
        is_upload = scope["path"].rstrip("/").endswith(UPLOAD_ROUTES)
        headers = dict(scope["headers"])
        length = headers.get(b"content-length", b"")
        if not length.isdigit() or b"transfer-encoding" in headers:  # whose length would be unknown
            await _answer(send, 411, "The length of the request is missing.")
        elif len(length) > DIGITS or int(length) > (LARGEST_UPLOAD if is_upload else LARGEST_CALL):
            await _answer(send, 413, "The request is too large.")
        elif is_upload:
            await self._upload(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _upload(self, scope: Any, receive: Any, send: Any) -> None:
        async with self.lock:
            try:
                async with asyncio.timeout(self.seconds):
                    await self.app(scope, receive, send)
            except TimeoutError:
                await _answer(send, 408, "The upload took too long.")
            except asyncio.CancelledError:  # the server ends; left to itself it would print a traceback
                await _answer(send, 503, "The page of ganzoo play ends.")
            finally:
                self._remove_old()

    def _remove_old(self) -> None:
        """Remove what an upload has left that did not end, and all uploads but the last."""
        for path in self.folder.glob("*"):
            if path.is_file():
                path.unlink()
        uploads = [path for path in self.folder.glob("*/*") if path.is_file()]
        for old in sorted(uploads, key=lambda path: path.stat().st_mtime_ns)[:-UPLOADS]:
            old.unlink()


async def _answer(send: Any, status: int, text: str) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": text.encode()})


@contextlib.contextmanager
def end_on_signals() -> Iterator[None]:
    """End the block on SIGTERM and SIGHUP as on Ctrl-C, which removes the temporary folder undisturbed by a second."""

    def interrupt(number: int, _: object) -> None:
        if number != signal.SIGTERM:
            signal.raise_signal(signal.SIGTERM)  # which uvicorn waits for
            return
        for ending_signal in before:
            signal.signal(ending_signal, signal.SIG_IGN)
        raise KeyboardInterrupt

    ending = [number for number in END_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in ending}  # uvicorn has one, and raises again
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(app: Any, listener: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it after an orderly shutdown
        uvicorn.Server(config).run(sockets=[listener])
