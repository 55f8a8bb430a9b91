"""Removal of folders, secrets, user names and host names from reports, exports and model cards."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

SHORTEST_NAME = 4  # characters; shorter names may be ordinary words, and are kept
COMMON_NAMES = {"root", "user", "users", "home", "admin", "localhost", "ubuntu"}
SHOWN = ("python", "platform", "device", "threads", "dataset_fingerprint")  # keys of provenance.json, unchanged
VARIABLES = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "WORLD_SIZE")
LEFT_OUT = (
    "Folders are shortened to their last name. Left out: names of the user and of the machine, process and job numbers."
)
SEPARATOR = re.compile(r"[/\\]")

# Folders such as /home/ann/photos, ~/photos, ../photos, C:\Users\ann\photos; not https://..., a/b or 1/2.
PATH = re.compile(r"(?<![\w:/.~…])(?:~[\w.-]*|\.\.|[A-Za-z]:(?=\\))?[/\\](?:[^\s\"'<>|:,;()\[\]]*[/\\])?(?=[^\s/\\])")

# Folders between quotes, or as the whole text, whose names may contain spaces.
SPACED_PATH = re.compile(
    r"(?:(?<=[\"'])|\A)(?:~[\w.-]*|\.\.|[A-Za-z]:(?=\\))?[/\\](?:[^\"'\n:]*[/\\])?(?=[^\"'\n:/\\]+(?:[\"']|\Z))"
)


# Secrets: user:password@ of an address, values of its query that grant access, and tokens by their usual prefixes.
USERINFO = re.compile(r"(?<=://)[^\s/@\"'<>?#]+(?=@)")
ACCESS = re.compile(
    r"(?i)([?&;#](?:[\w.-]*(?:token|secret|passw(?:or)?d|passwd|signature|credential|api[_-]?key)[\w.-]*|pwd|key|sig|code|auth)=)"
    r"[^\s&;#\"'<>]+"
)
TOKEN = re.compile(r"\b(?:hf_|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-|AKIA)[\w-]{12,}")


def without_secrets(content: Any) -> Any:
    """Return a copy of a string, or of all strings in lists and mappings, without passwords and tokens.

    Args:
        content: Settings, texts, or anything that JSON holds.

    Returns:
        The copy, in which "…" stands for each secret: "https://…@host/x?token=…".
    """
    if isinstance(content, str):
        return TOKEN.sub("…", ACCESS.sub(r"\1…", USERINFO.sub("…", content)))
    if isinstance(content, Mapping):
        return {key: without_secrets(value) for key, value in content.items()}
    return [without_secrets(item) for item in content] if isinstance(content, (list, tuple)) else content


class Redactor:
    """Redacts a string, or all strings in lists and mappings, when called.

    Args:
        names: Names of users and machines to remove.
    """

    def __init__(self, names: Iterable[str] = ()):
        unusual = {name for name in names if len(name) >= SHORTEST_NAME and name.lower() not in COMMON_NAMES}
        words = "|".join(map(re.escape, sorted(unusual, key=len, reverse=True)))
        self.names = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") if words else None

    @classmethod
    def of(cls, statuses: Iterable[Mapping[str, Any]]) -> Redactor:
        """Build a redactor for some runs.

        Args:
            statuses: The contents of the runs' status.json.

        Returns:
            A redactor for the names of this user and machine, and of the runs' machines.
        """
        hosts = [str(status.get("host", "")) for status in statuses]
        return cls([_user(), _home(), socket.gethostname(), *hosts])

    def __call__(self, content: Any) -> Any:
        """Return a redacted copy; values that are neither strings nor containers are unchanged."""
        if isinstance(content, str):
            shortened = PATH.sub("…/", SPACED_PATH.sub("…/", without_secrets(content)))
            return self.names.sub("…", shortened) if self.names else shortened
        if isinstance(content, Mapping):
            return {self(key): self(value) for key, value in content.items()}
        return [self(item) for item in content] if isinstance(content, (list, tuple)) else content

    def provenance(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """Select the part of a provenance record that helps to reproduce the run, and redact it.

        Args:
            facts: The content of provenance.json.

        Returns:
            Title -> text of a table's rows, without empty ones.
        """
        git = facts.get("git") if isinstance(facts.get("git"), dict) else {}
        variables = facts.get("variables") if isinstance(facts.get("variables"), dict) else {}
        versions = facts.get("versions") if isinstance(facts.get("versions"), dict) else {}
        assert git is not None and variables is not None and versions is not None
        rows = {
            "command": self.command(facts.get("argv")),
            **{name.replace("_", " "): facts.get(name) for name in SHOWN},
            "versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
            "plugins": ", ".join(map(str, facts.get("plugins") or [])),
            "variables": ", ".join(f"{name}={variables[name]}" for name in VARIABLES if name in variables),
            "git": f"{git['commit']}{', with changes' if git.get('dirty') else ''}" if git.get("commit") else "",
            "resumed at": ", ".join(f"step {note.get('step')}" for note in facts.get("resumed") or []),
        }
        return {name: self(value) for name, value in rows.items() if value not in (None, "")}

    def command(self, argv: Any) -> str:
        """Redact a command line.

        Args:
            argv: The words of the command, from provenance.json.

        Returns:
            The command with paths shortened to their last name; "" if `argv` is not a list of words.
        """
        if not isinstance(argv, list) or not argv:
            return ""
        return str(self(" ".join(["ganzoo", *map(_shortened, argv[1:])])))


def _shortened(word: Any) -> str:
    key, equals, value = str(word).rpartition("=")
    is_path = PurePath(value).is_absolute() or value.startswith(("~", "..")) or "\\" in value
    return f"{key}{equals}…/{SEPARATOR.split(value)[-1]}" if is_path else str(word)


def _home() -> str:
    try:
        return Path.home().name
    except RuntimeError:  # in a container, a user may have none
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
