"""A page on this machine alone: at 127.0.0.1, asking nothing of any other address, until Ctrl-C."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganzoo.errors import SetupError

if TYPE_CHECKING:
    from ganzoo.sampling.model import Model

HOST = "127.0.0.1"
LARGEST = "64mb"  # of an upload
LEAST = 6  # version of gradio
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = [(b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"no-referrer")]


def require() -> None:
    """Errors: SetupError without gradio."""
    found = importlib.util.find_spec("gradio") and metadata.version("gradio")
    if not found or int(found.partition(".")[0]) < LEAST:
        raise SetupError(
            f"ganzoo play draws its page with gradio {LEAST} or newer, and there is "
            f"{f'gradio {found}' if found else 'none'}: pip install 'ganzoo-torch[play]'"
        )


def listen(port: int) -> socket.socket:
    """A socket that takes connections from this machine; port 0 is any that is free.

    Errors: SetupError for a port that cannot be had.
    """
    waiting = socket.socket()
    try:
        if os.name == "posix":  # elsewhere it would take a port that somebody has
            waiting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        waiting.bind((HOST, port))
        waiting.listen()
    except OSError as error:
        waiting.close()
        raise SetupError(
            f"port {port} of {HOST}: {error.strerror}. Take another one with --port, or --port 0 for any that is free."
        ) from error
    return waiting


def serve(model: Model, place: str, port: int, browser: bool, say: Callable[[str], object]) -> None:
    """Show the page until Ctrl-C. `say` is told the address. Errors: SetupError, see listen()."""
    with contextlib.closing(listen(port)) as waiting, tempfile.TemporaryDirectory(prefix="ganzoo-play-") as folder:
        app = _app(model, place, Path(folder))
        address = f"http://{HOST}:{waiting.getsockname()[1]}/"
        say(f"{address}  (Ctrl-C ends it)")
        if browser and (sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        _run(app, waiting)


def _app(model: Model, place: str, folder: Path) -> Any:
    """The page as a web application. Settings of gradio in the environment do not count: some open doors."""
    for name in [name for name in os.environ if name.startswith("GRADIO_")]:
        del os.environ[name]
    os.environ |= {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(folder)}  # read when it is imported
    import gradio
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    from ganzoo.play import page
    from ganzoo.play.studio import Studio

    blocks = page.build(Studio(model), place, folder)
    outer = FastAPI(openapi_url=None)
    outer.add_middleware(_KeepToItself)
    outer.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])  # no other name leads here

    app = gradio.mount_gradio_app(
        outer,
        blocks,
        path="/",
        server_name=HOST,
        footer_links=[],
        run_history=False,
        show_error=False,
        allowed_paths=[],
        max_file_size=LARGEST,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=page.THEME,
        css=page.CSS,
        head=page.HEAD,
    )
    blocks.has_launched = True  # mounting forgets it, and gradio would then take any file for one that was uploaded
    return app


class _KeepToItself:
    """Tells the browser, with everything it gets, to ask for nothing from elsewhere."""

    def __init__(self, app: Any):
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        await self.app(scope, receive, with_policy)


def _run(app: Any, waiting: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn ends in order, and then says why
        uvicorn.Server(config).run(sockets=[waiting])
