"""What somebody means by a place: a folder of this machine, or OWNER/NAME[@REVISION] on the Hugging Face Hub."""

from __future__ import annotations

import re
from pathlib import Path

from ganzoo.sharing import manifest

HUB = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?:@(?P<revision>[\w][\w./-]{0,99}))?")


def on_the_hub(place: str | Path) -> tuple[str, str] | None:
    """("OWNER/NAME", revision or ""), unless there is something of that name here, or a folder called OWNER: a
    misspelt path asks nobody.
    """
    found, path = HUB.fullmatch(str(place)), Path(place)
    if not found or path.exists() or path.is_symlink() or Path(path.parts[0]).exists():
        return None
    return found["name"], found["revision"] or ""


def folder_of(place: str | Path) -> Path | None:
    """The folder of an export, fetched from the Hub where it is there; None for a run. Errors: GanzooError."""
    if hub := on_the_hub(place):
        from ganzoo.sharing import fetching  # brings an HTTP client along

        return fetching.cached(*hub)
    return Path(place) if manifest.is_export(Path(place)) else None


def stem_of(place: str | Path) -> Path | None:
    """What names of files that are drawn from an export begin with; None for a run."""
    if hub := on_the_hub(place):
        return Path.cwd() / hub[0].replace("/", "-")
    return Path(place).resolve() if manifest.is_export(Path(place)) else None
