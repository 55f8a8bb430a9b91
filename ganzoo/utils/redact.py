"""What a report does not tell: folders of the machine, who used it, what it is called."""

from __future__ import annotations

import getpass
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

SHORT = 4  # names below it, and those of everybody, are words like others
ORDINARY = {"root", "user", "users", "home", "admin", "localhost", "ubuntu"}
TOLD = ("python", "platform", "device", "threads", "dataset_fingerprint")  # of provenance, as it is
VARIABLES = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "WORLD_SIZE")
LEFT_OUT = (
    "Folders are shortened to their last name. Left out: names of the user and of the machine, process and job numbers."
)
# /home/ann/photos, ~/photos, ../photos, C:\Users\ann\photos; not https://..., a/b or 1/2.
SEPARATOR = re.compile(r"[/\\]")
PLACE = re.compile(r"(?<![\w:/.~…])(?:~[\w.-]*|\.\.|[A-Za-z]:(?=\\))?[/\\](?:[^\s\"'<>|:,;()\[\]]*[/\\])?(?=[^\s/\\])")

# The same between quotes, or as all there is, where names may hold spaces.
SPACED = re.compile(
    r"(?:(?<=[\"'])|\A)(?:~[\w.-]*|\.\.|[A-Za-z]:(?=\\))?[/\\](?:[^\"'\n:]*[/\\])?(?=[^\"'\n:/\\]+(?:[\"']|\Z))"
)


class Redactor:
    """A function of strings, and of lists and dicts that hold some."""

    def __init__(self, names: Iterable[str] = ()):
        known = {name for name in names if len(name) >= SHORT and name.lower() not in ORDINARY}
        words = "|".join(map(re.escape, sorted(known, key=len, reverse=True)))
        self.names = re.compile(rf"(?<![\w-])(?:{words})(?![\w-])") if words else None

    @classmethod
    def of(cls, statuses: Iterable[Mapping[str, Any]]) -> Redactor:
        """Of whoever writes the report, and whoever's machines these runs were on."""
        hosts = [str(status.get("host", "")) for status in statuses]
        return cls([_user(), Path.home().name, socket.gethostname(), *hosts])

    def __call__(self, found: Any) -> Any:
        if isinstance(found, str):
            shortened = PLACE.sub("…/", SPACED.sub("…/", found))
            return self.names.sub("…", shortened) if self.names else shortened
        if isinstance(found, Mapping):
            return {self(key): self(value) for key, value in found.items()}
        return [self(one) for one in found] if isinstance(found, (list, tuple)) else found

    def provenance(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """What of provenance.json helps to make the run again, as rows to read."""
        git = found.get("git") if isinstance(found.get("git"), dict) else {}
        variables = found.get("variables") if isinstance(found.get("variables"), dict) else {}
        versions = found.get("versions") if isinstance(found.get("versions"), dict) else {}
        assert git is not None and variables is not None and versions is not None
        rows = {
            "command": self.command(found.get("argv")),
            **{name.replace("_", " "): found.get(name) for name in TOLD},
            "versions": ", ".join(f"{name} {version}" for name, version in versions.items() if version),
            "plugins": ", ".join(map(str, found.get("plugins") or [])),
            "variables": ", ".join(f"{name}={variables[name]}" for name in VARIABLES if name in variables),
            "git": f"{git['commit']}{', with changes' if git.get('dirty') else ''}" if git.get("commit") else "",
            "resumed at": ", ".join(f"step {one.get('step')}" for one in found.get("resumed") or []),
        }
        return {name: self(value) for name, value in rows.items() if value not in (None, "")}

    def command(self, argv: Any) -> str:
        """The command line; of every place in it, the last name."""
        if not isinstance(argv, list) or not argv:
            return ""
        return str(self(" ".join(["ganzoo", *map(_shortened, argv[1:])])))


def _shortened(word: Any) -> str:
    key, equals, value = str(word).rpartition("=")
    far = PurePath(value).is_absolute() or value.startswith(("~", "..")) or "\\" in value
    return f"{key}{equals}…/{SEPARATOR.split(value)[-1]}" if far else str(word)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
