"""A stand-in for the Hugging Face Hub: repositories in a folder, and a record of the calls."""

from __future__ import annotations

import fnmatch
import hashlib
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from huggingface_hub import errors


class Hub:
    """A stand-in for HfApi. Each repository is a folder in `home`; `private` maps names to visibility."""

    def __init__(self, home: Path):
        self.home = home
        self.private: dict[str, bool] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fails: Exception | None = None

    def folder(self, name: str) -> Path:
        return self.home / name

    def commit(self, name: str) -> str:
        content = b"".join(path.read_bytes() for path in sorted(self.folder(name).rglob("*")) if path.is_file())
        return hashlib.sha1(content).hexdigest()

    def create_repo(self, name: str, **more: Any) -> None:
        self._note("create_repo", name=name, **more)
        self.private.setdefault(name, more["private"])
        self.folder(name).mkdir(parents=True, exist_ok=True)

    def create_branch(self, name: str, **more: Any) -> None:
        self._note("create_branch", name=name, **more)

    def model_info(self, name: str, **more: Any) -> Any:
        self._note("model_info", name=name, **more)
        if not self.folder(name).is_dir():
            raise answer(errors.RepositoryNotFoundError, 404)
        paths = [path for path in sorted(self.folder(name).rglob("*")) if path.is_file()]
        files = [SimpleNamespace(rfilename=str(p.relative_to(self.folder(name))), size=p.stat().st_size) for p in paths]
        return SimpleNamespace(sha=self.commit(name), private=self.private.get(name, False), siblings=files)

    def upload_folder(self, **more: Any) -> Any:
        self._note("upload_folder", **more)
        for path in self.folder(more["repo_id"]).iterdir():
            if path.name in more["delete_patterns"]:
                path.unlink()
        for path in Path(more["folder_path"]).iterdir():
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in more["allow_patterns"]):
                shutil.copy(path, self.folder(more["repo_id"]))
        url = f"https://huggingface.co/{more['repo_id']}"
        return SimpleNamespace(commit_url=f"{url}/commit/1", pr_url=f"{url}/discussions/1")

    def snapshot_download(self, name: str, **more: Any) -> str:
        self._note("snapshot_download", name=name, **more)
        assert more["revision"] == self.commit(name)
        for path in self.folder(name).iterdir():
            if any(fnmatch.fnmatch(path.name, pattern) for pattern in more["allow_patterns"]):
                shutil.copy(path, more["local_dir"])
        (Path(more["local_dir"]) / ".cache/huggingface").mkdir(parents=True)
        return str(more["local_dir"])

    def _note(self, what: str, **more: Any) -> None:
        self.asked.append((what, more))
        if self.fails:
            raise self.fails


def answer(kind: type[Exception], status: int) -> Exception:
    """Return the error of huggingface_hub for an HTTP status; it contains the token that was sent."""
    error = kind.__new__(kind)  # its constructor requires a response of its HTTP client
    error.args = ("hf_secret",)
    vars(error)["response"] = SimpleNamespace(status_code=status)
    return error
