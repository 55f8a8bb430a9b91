"""The Hugging Face Hub: names of models, download to a folder or the cache, and upload of an export.

A repository is checked before it is downloaded, and the files are checked before they get their final place.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ganzoo.data.sources import cache_root
from ganzoo.errors import GanzooError, RunError, SetupError
from ganzoo.registry.discovery import Plugins
from ganzoo.sharing import bounds, config, manifest, shipped
from ganzoo.sharing.config import Config
from ganzoo.utils import atomic

if TYPE_CHECKING:
    from huggingface_hub import HfApi

NAME = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?:@(?P<revision>[\w][\w./-]{0,99}))?")
COMMIT = re.compile(r"[0-9a-f]{40}")
LOG_IN = "Log in: hf auth login, or set HF_TOKEN."


class HubName(NamedTuple):
    """A model on the Hub.

    Attributes:
        name: OWNER/NAME.
        revision: A branch, tag or commit; empty for the newest.
    """

    name: str
    revision: str = ""


@dataclass(frozen=True)
class Remote:
    """A model as the Hub describes it.

    Attributes:
        name: OWNER/NAME.
        commit: Commit that is downloaded.
        sizes: Sizes in bytes of the export's files, by name.
    """

    name: str
    commit: str
    sizes: dict[str, int]


@dataclass(frozen=True)
class Upload:
    """Files that push() sent, or would send.

    Attributes:
        sizes: Sizes in bytes, by name.
        url: Address of the commit or pull request; empty for a dry run.
        remark: A note to the user.
    """

    sizes: dict[str, int]
    url: str = ""
    remark: str = ""


def parse_name(text: str) -> HubName:
    """Parse OWNER/NAME[@REVISION].

    Args:
        text: What the user typed.

    Returns:
        Name and revision.

    Raises:
        GanzooError: The text has another form.
    """
    name = _match_name(text)
    if not name:
        raise GanzooError(f"{text!r} is not a name on the Hub: write OWNER/NAME, or OWNER/NAME@REVISION.")
    return name


def find_name(place: str | Path) -> HubName | None:
    """Return the name on the Hub that `place` stands for, or None.

    A local path wins. So does a folder called OWNER: a misspelt path must not become a request to the Hub.
    """
    name = _match_name(str(place))
    path = Path(place)
    if not name or path.exists() or path.is_symlink() or Path(path.parts[0]).exists():
        return None
    return name


def _match_name(text: str) -> HubName | None:
    match = NAME.fullmatch(text)
    return HubName(match["name"], match["revision"] or "") if match else None


def export_folder(place: str | Path, plugins: Plugins | None = None) -> Path | None:
    """Return the folder of an export: of this machine, shipped by a plugin, or downloaded from the Hub.

    Args:
        place: A folder of this machine, the name of a shipped model, or OWNER/NAME[@REVISION] on the Hub.
        plugins: Installed plugins; discovered when left out.

    Returns:
        The folder; None when `place` is not an export, such as a run.

    Raises:
        GanzooError: The download failed, or the name of a shipped model is misspelt.
    """
    if model := shipped.find(place, plugins):
        return model.folder
    if name := find_name(place):
        return cached_folder(*name)
    return Path(place) if manifest.is_export(Path(place)) else None


def output_stem(place: str | Path) -> Path | None:
    """Return the path with which the names of files sampled from an export begin; None for a run.

    An export itself stays as it is: files go next to its folder, or to the working directory for the name of a shipped
    model or a name on the Hub.
    """
    if model := shipped.find(place):
        return Path.cwd() / model.name
    if name := find_name(place):
        return Path.cwd() / name.name.replace("/", "-")
    return Path(place).resolve() if manifest.is_export(Path(place)) else None


def cached_folder(name: str, revision: str = "") -> Path:
    """Return the folder of a model in the cache, downloaded unless it is there.

    A revision that is a commit in the cache needs no network.
    """
    home = cache_root() / "hub" / name.replace("/", "--")
    if COMMIT.fullmatch(revision) and (home / revision).is_dir():
        return home / revision
    remote = look_up(name, revision)
    folder = home / remote.commit
    return folder if folder.is_dir() else download(remote, folder)


def look_up(name: str, revision: str = "") -> Remote:
    """Ask the Hub for the files of a model, and check that it is an export.

    Args:
        name: OWNER/NAME.
        revision: A branch, tag or commit; the newest when left out.

    Returns:
        The commit and its files.

    Raises:
        RunError: The repository is missing, lacks a required file, or holds files that no export has.
        SetupError: No network, token or permission.
    """
    with readable_errors(name), bounds.bounded(name):
        info = api().model_info(name, revision=revision or None, files_metadata=True)
        sizes = {str(file.rfilename): max(0, int(file.size or 0)) for file in info.siblings or []}
    if reason := manifest.explain_foreign([*sizes]):
        raise RunError(f"{name}: {reason}")
    if missing := [required for required in manifest.REQUIRED if required not in sizes]:
        raise RunError(f"{name}: not an export of ganzoo: it has no {', '.join(missing)}.")
    if not COMMIT.fullmatch(str(info.sha)):
        raise RunError(f"{name}: the Hub named no commit. Try again later.")
    return Remote(name, str(info.sha), {file: size for file, size in sizes.items() if file in manifest.ALLOWED})


def download(remote: Remote, target: Path) -> Path:
    """Download a model to a folder that does not exist yet.

    Args:
        remote: Result of look_up().
        target: The new folder.

    Returns:
        The folder.

    Raises:
        RunError: The folder exists, cannot be written, or the files do not match their manifest.
        SetupError: The disk is full, or the Hub could not be reached.
    """
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        raise RunError(f"{target} exists, and is left unchanged. Give another folder with --out.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        size = sum(remote.sizes.values())
        free = shutil.disk_usage(target.parent).free
        if size > free:
            raise SetupError(f"{remote.name}: {size:,} bytes, and {target.parent} has room for {free:,}.")
        partial = Path(tempfile.mkdtemp(prefix=atomic.PARTIAL, dir=target.parent))
    except OSError as error:
        raise RunError(f"{target}: {error.strerror}. Give another folder with --out.") from error
    try:
        with readable_errors(remote.name), bounds.bounded(remote.name, size):
            api().snapshot_download(
                remote.name, revision=remote.commit, local_dir=partial, allow_patterns=[*remote.sizes]
            )
        shutil.rmtree(partial / ".cache", ignore_errors=True)  # huggingface_hub's record of the download
        manifest.check(partial, digests=True)
        partial.chmod(0o755)  # mkdtemp() makes it private
        partial.rename(target)
    except OSError as error:
        if not (target / manifest.MANIFEST).is_file():  # unless another process downloaded it in the meantime
            raise RunError(f"{target}: {error.strerror}. Give another folder with --out.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def push(
    place: Path,
    name: str,
    *,
    public: bool = False,
    dry_run: bool = False,
    revision: str = "",
    pull_request: bool = False,
) -> Upload:
    """Send the files of an export to the Hub.

    Args:
        place: An export, or a run, which is exported to a temporary folder first.
        name: OWNER/NAME; the repository is created if it does not exist.
        public: Allow everybody to see it.
        dry_run: List the files without contacting the Hub.
        revision: A branch, created if it does not exist.
        pull_request: Open a pull request, which works for repositories of other owners too.

    Returns:
        The files, and the address of the commit or pull request.

    Raises:
        RunError: The export was changed, or the repository is public and `public` was not set.
        SetupError: No network, token or permission.
    """
    with _exported(place) as (folder, exported):
        listing = manifest.check(folder, digests=True)
        card = [manifest.CARD] if (folder / manifest.CARD).exists() else []
        names = [*listing.files, manifest.MANIFEST, *card]
        sizes = {file: (folder / file).stat().st_size for file in names}
        if dry_run:
            return Upload(sizes)
        hub = api()
        remark = ""
        with readable_errors(name):
            if not pull_request:
                hub.create_repo(name, private=not public, exist_ok=True)
                private = bool(hub.model_info(name).private)
                if not private and not public:
                    raise RunError(f"{name} exists already and is public. Nothing was sent; add --public to allow it.")
                if private and public:
                    remark = f"{name} exists already and stays private: you can change that on its settings page."
                if revision:
                    hub.create_branch(name, branch=revision, exist_ok=True)
            commit = hub.upload_folder(
                repo_id=name,
                folder_path=folder,
                commit_message=f"{exported.name}, step {exported.step}",
                revision=revision or None,
                create_pr=pull_request,
                allow_patterns=names,
                delete_patterns=[file for file in manifest.ALLOWED if file not in names],  # of an earlier export
            )
    return Upload(sizes, str(commit.pr_url if pull_request else commit.commit_url), remark)


def api() -> HfApi:
    """Return a client of the Hub. Its token comes from HF_TOKEN or `hf auth login`, and is never shown."""
    from huggingface_hub import HfApi

    return HfApi(library_name="ganzoo")


@contextmanager
def readable_errors(name: str) -> Iterator[None]:
    """Turn the errors of huggingface_hub into ours, with a remedy.

    The Hub's own messages are not passed on: they may repeat the request, and with it the token.

    Args:
        name: The model that the block asks for.

    Raises:
        RunError: The model or revision does not exist.
        SetupError: No network, token or permission.
        GanzooError: The Hub does not accept the name.
    """
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise SetupError(f"{name}: its owner decides who may read it. Ask for access on its page. {LOG_IN}") from error
    except errors.RevisionNotFoundError as error:
        raise RunError(f"{name}: it has no such revision. Leave out @REVISION for the newest.") from error
    except errors.RepositoryNotFoundError as error:
        raise RunError(f"{name}: the Hub has no such model, or it is private and not yours. {LOG_IN}") from error
    except errors.LocalTokenNotFoundError as error:
        raise SetupError(f"{name}: the Hub requires you to log in. {LOG_IN}") from error
    except errors.OfflineModeIsEnabled as error:
        raise SetupError(f"{name}: HF_HUB_OFFLINE is set, so the Hub is not contacted. Unset it.") from error
    except errors.HFValidationError as error:
        raise GanzooError(f"{name!r} is not a name that the Hub allows: write OWNER/NAME.") from error
    except errors.HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        remedy = LOG_IN if status == 401 else "This token may not do that." if status == 403 else "Try again later."
        raise SetupError(f"{name}: the Hub answered {status or 'with an error'}. {remedy}") from error
    # httpx's error, or httpx2's in later releases of the Hub's client; ValueError: the response cannot be parsed
    except (errors.HTTPError, OSError, ValueError) as error:  # type: ignore[attr-defined]
        raise SetupError(
            f"{name}: the Hub was not reached ({type(error).__name__}). Check the network. A folder that was "
            "downloaded before needs none."
        ) from error
    except GanzooError:
        raise
    except Exception as error:  # of answers that are JSON, and not those of the Hub
        raise SetupError(
            f"{name}: what answered is not the Hub, or not as it should ({type(error).__name__}). Check "
            "HF_ENDPOINT, or try again later."
        ) from error


@contextmanager
def _exported(place: Path) -> Iterator[tuple[Path, Config]]:
    """Yield an export and its configuration; of a run, a temporary export."""
    if manifest.is_export(place):
        yield place, config.read(place)
        return
    from ganzoo.sharing import export  # not at the top: ganzoo.load() needs this module, but nothing of exporting

    with tempfile.TemporaryDirectory() as home:
        result = export.export(place, Path(home) / "export")
        yield result.folder, result.config
