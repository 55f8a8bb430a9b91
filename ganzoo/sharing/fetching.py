"""A model from the Hub: looked through before it is fetched, and checked before it takes its place."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ganzoo.data.sources import cache_root
from ganzoo.errors import RunError, SetupError
from ganzoo.sharing import hub, manifest
from ganzoo.utils import atomic

COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class Remote:
    """What the Hub has: the commit, and the sizes of its files that belong to an export."""

    name: str
    commit: str
    sizes: dict[str, int]


def look(name: str, revision: str = "") -> Remote:
    """Errors: RunError naming files that do not belong, before anything is fetched; those of hub.asking()."""
    with hub.asking(name):
        info = hub.api().model_info(name, revision=revision or None, files_metadata=True)
    sizes = {one.rfilename: int(one.size or 0) for one in info.siblings or []}
    if foreign := manifest.refused([*sizes]):
        raise RunError(f"{name}: {foreign}")
    if missing := [wanted for wanted in manifest.NEEDED if wanted not in sizes]:
        raise RunError(f"{name}: no export of ganzoo: it has no {', '.join(missing)}.")
    if not COMMIT.fullmatch(str(info.sha)):
        raise RunError(f"{name}: the Hub named no commit.")
    return Remote(name, str(info.sha), {one: size for one, size in sizes.items() if one in manifest.KNOWN})


def fetch(remote: Remote, target: Path) -> Path:
    """Its files to a folder that is not there yet. Errors: RunError when they are not what their manifest says."""
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise RunError(f"{target} exists, and is left as it is. Give another folder with --out.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        size, free = sum(remote.sizes.values()), shutil.disk_usage(target.parent).free
        if size > free:
            raise SetupError(f"{remote.name}: {size:,} bytes, and {target.parent} has room for {free:,}.")
        partial = Path(tempfile.mkdtemp(prefix=atomic.PARTIAL, dir=target.parent))
    except OSError as error:
        raise RunError(f"{target}: {error.strerror}. Give another folder with --out.") from error
    try:
        with hub.asking(remote.name):
            hub.api().snapshot_download(
                remote.name, revision=remote.commit, local_dir=partial, allow_patterns=[*remote.sizes]
            )
        shutil.rmtree(partial / ".cache", ignore_errors=True)  # the Hub's notes on how far it came
        manifest.check(partial, everything=True)
        partial.chmod(0o755)  # mkdtemp() keeps it to ourselves
        partial.rename(target)
    except OSError as error:
        if not (target / manifest.MANIFEST).is_file():  # somebody else fetched the same meanwhile
            raise RunError(f"{target}: {error.strerror}. Give another folder with --out.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def cached(name: str, revision: str = "") -> Path:
    """The folder below the cache with this model, fetched unless it is there. Of a commit that is, nobody is asked."""
    home = cache_root() / "hub" / name.replace("/", "--")
    if COMMIT.fullmatch(revision) and (home / revision).is_dir():
        return home / revision
    remote = look(name, revision)
    there = home / remote.commit
    return there if there.is_dir() else fetch(remote, there)
