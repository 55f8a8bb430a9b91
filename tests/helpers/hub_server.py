"""A local server for one repository, with the part of the Hub's protocol that `push` and `pull` use."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SHA = "a" * 40


@contextmanager
def serving(folder: Path, name: str) -> Iterator[str]:
    """Serve `folder` as repository `name`, which exists once it is created, and yield the address."""

    class Answers(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            file = folder / path.rpartition("/")[2]
            files = sorted(folder.iterdir()) if folder.is_dir() else []
            if path.startswith(f"/api/models/{name}/tree/"):
                told = [{"type": "file", "path": p.name, "size": p.stat().st_size, "oid": "0" * 40} for p in files]
                self.say(told)
            elif path.startswith(f"/api/models/{name}") and folder.is_dir():
                siblings = [{"rfilename": p.name, "size": p.stat().st_size} for p in files]
                self.say({"id": name, "modelId": name, "sha": SHA, "private": True, "siblings": siblings})
            elif path == f"/{name}/resolve/{SHA}/{file.name}" and file.is_file():
                content = file.read_bytes()
                self.reply(200, content, {"X-Repo-Commit": SHA, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'})
            else:
                self.reply(404, b"{}", {"X-Error-Code": "RepoNotFound"})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == "/api/repos/create":
                folder.mkdir()
                self.say({"url": f"https://huggingface.co/{name}"})
            elif "/preupload/" in self.path:
                asked = json.loads(body)["files"]
                self.say(
                    {"files": [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": False} for f in asked]}
                )
            elif "/commit/" in self.path:
                for line in map(json.loads, body.splitlines()):
                    if line["key"] == "file":
                        (folder / line["value"]["path"]).write_bytes(base64.b64decode(line["value"]["content"]))
                self.say({"commitUrl": f"https://huggingface.co/{name}/commit/{SHA}", "commitOid": SHA})
            else:
                self.say({"errors": [], "warnings": []})  # of the model card

        def say(self, told: Any) -> None:
            self.reply(200, json.dumps(told).encode(), {"Content-Type": "application/json"})

        def reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
