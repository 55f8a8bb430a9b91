"""An export to the Hub: its known files and nothing else, to a private repository unless it is to be public."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ganzoo.errors import RunError
from ganzoo.sharing import export, hub, load, manifest
from ganzoo.sharing.config import Config


@dataclass(frozen=True)
class Sent:
    """What travels, or would: sizes by name. url: of what came of it; "" for a dry run."""

    sizes: dict[str, int]
    url: str = ""
    remark: str = ""


def push(
    place: Path,
    name: str,
    *,
    public: bool = False,
    dry_run: bool = False,
    revision: str = "",
    pull_request: bool = False,
) -> Sent:
    """Send an export, or what an export of a run would be. dry_run: contacts nobody.

    revision: a branch, made where there is none. pull_request: a proposal to a repository, somebody else's maybe.
    Errors: RunError for a folder that was changed, or a repository that everybody can see when none was asked for.
    """
    with _export(place) as (source, config):
        listing = manifest.check(source, everything=True)
        card = [manifest.CARD] if (source / manifest.CARD).exists() else []
        names = [*listing.files, manifest.MANIFEST, *card]
        sizes = {one: (source / one).stat().st_size for one in names}
        if dry_run:
            return Sent(sizes)
        api, remark = hub.api(), ""
        with hub.asking(name):
            if not pull_request:
                api.create_repo(name, private=not public, exist_ok=True)
                private = bool(api.model_info(name).private)
                if not private and not public:
                    raise RunError(f"{name} is there already, and public. Nothing was sent; say --public if it may be.")
                if private and public:
                    remark = f"{name} was there already, and stays private: its settings page can change that."
                if revision:
                    api.create_branch(name, branch=revision, exist_ok=True)
            done = api.upload_folder(
                repo_id=name,
                folder_path=source,
                commit_message=f"{config.name}, step {config.step}",
                revision=revision or None,
                create_pr=pull_request,
                allow_patterns=names,
                delete_patterns=[one for one in manifest.KNOWN if one not in names],  # of an earlier export
            )
    return Sent(sizes, str(done.pr_url if pull_request else done.commit_url), remark)


@contextmanager
def _export(place: Path) -> Iterator[tuple[Path, Config]]:
    """The folder itself; of a run, a new export that is there for a while."""
    if manifest.is_export(place):
        yield place, load.read(place)
        return
    with tempfile.TemporaryDirectory() as home:
        made = export.export(place, Path(home) / "export")
        yield made.place, made.config
